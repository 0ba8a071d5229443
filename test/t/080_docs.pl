# The pages say what is so: their SQL runs, their links lead somewhere, their tables equal the catalogue.
#
# Each ```sql block of README.md and docs/*.md runs, in order, in one psql session and one fresh database a
# page. What a page starts from stands in a comment above its first block:
#     <!-- needs: database -->  an empty database without the extension
#     <!-- needs: empty -->     a database with the extension; what holds where nothing is said
#     <!-- needs: demo -->      the same after SELECT crm.load_demo(0.05)
# An error fails unless a comment line after the statement announces it:  -- ERROR: 23505
# A block fenced as ```sql no-run: REASON does not run. A block fenced as ```text output, right after one
# that runs, is what psql prints for it.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @pages = ('README.md', sort glob('docs/*.md'));

# Reads a file as lines without their ends.
sub lines_of
{
	my ($file) = @_;
	open(my $in, '<', $file) or die "$file: $!\n";
	chomp(my @lines = <$in>);
	return @lines;
}

# Returns the fenced blocks of a page: line, info (what stands after the fence) and text.
sub blocks_of
{
	my ($file) = @_;
	my (@blocks, $block, $fence);
	my $number = 0;
	for my $line (lines_of($file))
	{
		$number++;
		if (!$block && $line =~ /^\s*(`{3,})\s*(.*?)\s*$/)
		{
			$fence = $1;
			$block = { line => $number, info => $2, text => '' };
		}
		elsif ($block && $line =~ /^\s*\Q$fence\E\s*$/)
		{
			push @blocks, $block;
			$block = undef;
		}
		elsif ($block)
		{
			$block->{text} .= "$line\n";
		}
	}
	die "$file: the block of line $block->{line} has no end\n" if $block;
	return @blocks;
}

# Returns the prose of a page: its lines outside fenced blocks.
sub prose_of
{
	my ($file) = @_;
	my (@prose, $fence);
	for my $line (lines_of($file))
	{
		if (!$fence && $line =~ /^\s*(`{3,})/) { $fence = $1; }
		elsif ($fence) { undef $fence if $line =~ /^\s*\Q$fence\E\s*$/; }
		else           { push @prose, $line; }
	}
	return @prose;
}

# One token of SQL that a semicolon inside does not end.
my $opaque = qr/
	  --[^\n]*
	| \/\*.*?\*\/
	| '(?:[^']|'')*'
	| "(?:[^"]|"")*"
	| (\$(?:[A-Za-z_]\w*)?\$).*?\g{-1}
/xs;

# Splits a block into statements with the SQLSTATE that each is to end with.
# A line that begins with a backslash is a command of psql; \gset and its like end a statement.
sub statements_of
{
	my ($text) = @_;
	my @statements;
	my $statement = '';
	my $end = sub {
		push @statements, { text => $statement, expected => '00000' } if $statement =~ /\S/;
		$statement = '';
	};
	pos($text) = 0;
	while (pos($text) < length $text)
	{
		if ($statement !~ /\S/ && $text =~ /\G\s*--([^\n]*)\n/gc)
		{
			my $comment = $1;
			$statements[-1]{expected} = $1
			  if @statements && $comment =~ /^ ERROR: ([0-9A-Z]{5})\s*$/;
		}
		elsif ($statement !~ /\S/ && $text =~ /\G\s*(\\[^\n]*)\n/gc)
		{
			push @statements, { text => $1, expected => undef };
		}
		elsif ($text =~ /\G(\\g\w*[^\n]*)\n/gc) { $statement .= $1; $end->(); }
		elsif ($text =~ /\G($opaque)/gc)        { $statement .= $1; }
		elsif ($text =~ /\G(;)/gc)
		{
			$statement .= $1;
			# The rows of COPY FROM STDIN belong to it.
			$statement .= $1
			  if $statement =~ /^\s*COPY\b.*\bFROM\s+STDIN\b/is && $text =~ /\G(.*?^\\\.\n)/gcsm;
			$end->();
		}
		elsif ($text =~ /\G(.)/gcs)             { $statement .= $1; }
	}
	die "a statement has no end: $statement\n" if $statement =~ /\S/;
	return @statements;
}

# Runs the blocks of a page and compares states and outputs.
sub run_page
{
	my ($node, $page) = @_;
	my ($needs) = map { /^<!-- needs: (.*?) -->$/ ? $1 : () } lines_of($page);
	$needs //= 'empty';
	my %template = (database => 'template0', empty => 'docs_empty', demo => 'docs_demo');
	return fail("$page needs '$needs', which there is not") unless $template{$needs};

	my @blocks = blocks_of($page);
	my $script = "\\pset footer on\n\\set QUIET off\n\\pset tuples_only off\n\\pset format aligned\n";
	my (@statements, @outputs);
	for my $i (0 .. $#blocks)
	{
		my $block = $blocks[$i];
		next unless $block->{info} =~ /^sql\b\s*(.*)$/;
		if ($1 ne '')
		{
			like($1, qr/^no-run: \S.{5}/, "$page:$block->{line} says why it does not run");
			next;
		}
		my $next = $blocks[ $i + 1 ];
		my $number = @outputs;
		push @outputs, $next && $next->{info} eq 'text output' ? $next : undef;
		$script .= "\\echo <block $number>\n";
		for my $statement (statements_of($block->{text}))
		{
			my $place = @statements;
			push @statements, { %$statement, line => $block->{line} };
			$script .= "$statement->{text}\n\\echo <state $place :SQLSTATE>\n";
		}
	}
	return pass("$page has no SQL") unless @statements;

	(my $database = lc "docs_page_$page") =~ s/\W/_/g;
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE $template{$needs}");
	my ($stdout, $stderr) = ('', '');
	$node->psql($database, $script, stdout => \$stdout, stderr => \$stderr, on_error_stop => 0,
		timeout => 4 * $PostgreSQL::Test::Utils::timeout_default);
	$node->safe_psql('postgres', "DROP DATABASE $database WITH (FORCE)");

	my %state = $stdout =~ /^<state (\d+) (\w+)>$/mg;
	my @wrong;
	for my $place (0 .. $#statements)
	{
		my $statement = $statements[$place];
		my $state = $state{$place} // 'nothing';
		push @wrong, "line $statement->{line}: $state instead of $statement->{expected}: $statement->{text}"
		  if defined $statement->{expected} && $state ne $statement->{expected};
	}
	is(join("\n", @wrong), '', "$page runs: " . scalar(@statements) . ' statements') or diag($stderr);
	unlike($stderr, qr/invalid command|: error:/, "$page: psql understands it");

	$stdout =~ s/^<state .*>\n?//mg;
	my %output = $stdout =~ /^<block (\d+)>\n(.*?)(?=^<block |\z)/msg;
	for my $number (grep { $outputs[$_] } 0 .. $#outputs)
	{
		is(tidy($output{$number}), tidy($outputs[$number]{text}),
			"$page:$outputs[$number]{line} prints what the page shows");
	}
	return;
}

# Output without blanks at the ends of lines and without empty lines at its ends.
sub tidy
{
	my ($text) = @_;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\A\n+|\n+\z//g;
	return "$text\n";
}

# Returns the rows of the tables of a page whose first cell is one `code`, the code without its quotes.
sub table_of
{
	my ($page) = @_;
	my @rows;
	for my $line (prose_of($page))
	{
		next unless $line =~ /^\|\s*`([^`]*)`\s*\|(.*)\|\s*$/;
		push @rows, join('|', $1, map { s/^\s+|\s+$//gr } split /\|/, $2);
	}
	return join("\n", sort @rows);
}

# The anchors of a page's headings, as GitHub makes them.
sub anchors_of
{
	my ($file) = @_;
	my %seen;
	for (prose_of($file))
	{
		next unless /^#{1,6}\s+(.*?)\s*$/;
		my $anchor = lc($1 =~ s/[`*]//gr);
		$anchor =~ s/[^\w\- ]//g;
		$anchor =~ tr/ /-/;
		my $count = $seen{$anchor}++;
		$seen{"$anchor-$count"} = 1 if $count > 0;
	}
	return \%seen;
}

# Returns the links of a page that lead nowhere.
sub dead_links
{
	my ($page) = @_;
	my @dead;
	my $folder = $page =~ m|^(.*/)| ? $1 : '';
	for my $line (prose_of($page))
	{
		my $text = $line =~ s/`[^`]*`//gr;
		while ($text =~ /\]\(([^)\s]+)\)/g)
		{
			my ($file, $anchor) = split /#/, $1, 2;
			next if $file =~ /^(?:https?|mailto):/;
			my $target = $file eq '' ? $page : "$folder$file";
			1 while $target =~ s|[^/]+/\.\./||;
			push @dead, "$file#" . ($anchor // '')
			  if !-e $target || (defined $anchor && !anchors_of($target)->{$anchor});
		}
	}
	return join(', ', @dead);
}

# Returns the names in schemas of ours that the prose of a page mentions and that there are not.
sub unknown_names
{
	my ($page, %known) = @_;
	my %unknown;
	for my $line (prose_of($page))
	{
		$unknown{$1} = 1 while $line =~ /(?<![\w\/.])(crm(?:_state|_bi)?\.[a-z_]\w*)/g;
	}
	return join(', ', grep { !$known{$_} } sort keys %unknown);
}

# README's first screen: what to type, in this order and before all other code.
my ($first) = blocks_of('README.md');
like($first->{text}, qr/\Amake demo\b.*\nmake check\b.*\n\z/, 'README begins with make demo and make check');

# The demo's last words stop the demo that was started.
for my $demo ([ undef, 'make demo-stop' ], [ '/srv/my demo', 'make demo-stop CRM_DEMO_DIR=/srv/my\\ demo' ])
{
	my ($dir, $stop) = @$demo;
	local $ENV{CRM_DEMO_DIR} = $dir;
	delete $ENV{CRM_DEMO_DIR} unless defined $dir;
	like(`bash -c '. docs/demo/run && farewell psql'`, qr/^  \Q$stop\E$/m, 'the demo tells how to stop it: ' . $stop);
}

for my $page ('README.md', 'CHANGELOG.md', grep { -e } glob('docs/*.md docs/*/*.md'))
{
	is(dead_links($page), '', "the links of $page lead somewhere");
}

my $node = PostgreSQL::Test::Cluster->new('docs');
$node->init(extra => ['--encoding=UTF8']);
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE docs_empty TEMPLATE template0');
$node->safe_psql('docs_empty', 'CREATE EXTENSION crm');
$node->safe_psql('postgres', 'CREATE DATABASE docs_demo TEMPLATE docs_empty');
$node->safe_psql('docs_demo', 'SELECT FROM crm.load_demo(0.05)');

is(table_of('docs/outbox.md'),
	$node->safe_psql('docs_empty',
		q{SELECT event_type, description, payload FROM crm.event_type ORDER BY event_type COLLATE "C"}),
	'docs/outbox.md lists the types of events as crm.event_type does');
is(table_of('docs/settings.md') =~ s/\|[^|]*$//mgr,
	$node->safe_psql('docs_empty', q{LOAD 'crm'; SELECT name,
		CASE vartype WHEN 'bool' THEN 'on, off' WHEN 'enum' THEN array_to_string(enumvals, ', ') ELSE 'text' END,
		CASE boot_val WHEN '' THEN 'empty' ELSE boot_val END,
		CASE context WHEN 'user' THEN 'everybody' ELSE 'superusers' END
		FROM pg_settings WHERE name LIKE 'crm.%' ORDER BY name COLLATE "C"}),
	'docs/settings.md lists the settings that there are');

# Tables, views, functions, settings, and the few files that are named like one.
my %known = map { $_ => 1 } 'crm.control', 'crm.so', split /\n/, $node->safe_psql('docs_empty',
	q{LOAD 'crm';
	SELECT relnamespace::regnamespace || '.' || relname FROM pg_class
	UNION SELECT pronamespace::regnamespace || '.' || proname FROM pg_proc
	UNION SELECT name FROM pg_settings WHERE name LIKE 'crm.%'});
is(unknown_names($_, %known), '', "what $_ names is there") for @pages;

run_page($node, $_) for @pages;

$node->stop;
done_testing();
