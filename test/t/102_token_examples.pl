# The examples of docs/pooled-apps.md make the tokens that the page shows as test vectors. Each is taken out of the
# page as it stands; a language that is not there is skipped.
use strict;
use warnings FATAL => 'all';

use File::Temp qw(tempdir);
use IPC::Run qw(run);
use Test::More;

my $page = do { local (@ARGV, $/) = 'docs/pooled-apps.md'; <> };
my $dir = tempdir(CLEANUP => 1);

my @vectors;
push @vectors, { secret => $1, arguments => [ $2, $3, $4 ], token => $5 }
  while $page =~ /^\| `([0-9a-f]+)` \| `(\d+)` \| `(\d+)` \| `(\d+)` \| `(\S+)` \|$/mg;
is(scalar(@vectors), 3, 'the page has three vectors');

# Returns the one block of a language.
sub block
{
	my ($language) = @_;
	my @blocks = $page =~ /^```$language\n(.*?)^```$/msg;
	is(scalar(@blocks), 1, "the page has one example in $language");
	return $blocks[0];
}

# Tells whether a command runs.
sub works
{
	my @command = @_;
	return eval { run(\@command, '<', \undef, '>', \my $out, '2>', \my $err) } ? 1 : 0;
}

# Writes a program and compares what it prints for each vector; its arguments are secret, key_id, staff_id, expires.
sub same_tokens
{
	my ($name, $command, $file, $text) = @_;
	open(my $out, '>', "$dir/$file") or die "$file: $!";
	print $out $text;
	close $out;
	foreach my $vector (@vectors)
	{
		my ($token, $errors) = ('', '');
		run([ @$command, "$dir/$file", $vector->{secret}, @{ $vector->{arguments} } ], '<', \undef, '>', \$token, '2>', \$errors);
		is($token, "$vector->{token}\n", "$name, key $vector->{arguments}[0]") or diag($errors);
	}
	return;
}

my $python = block('python');
my $node = block('javascript');
my $java = block('java');
my $shell = join('', $page =~ /^```sh\n(printf.*?)^```$/ms);

SKIP:
{
	skip 'no python3', 3 unless works('python3', '-c', '');
	same_tokens('Python', ['python3'], 'token.py', $python
		  . "\nimport sys\nprint(session_token(bytes.fromhex(sys.argv[1]), *map(int, sys.argv[2:])))\n");
}
SKIP:
{
	skip 'no node', 3 unless works('node', '-e', '');
	same_tokens('Node', ['node'], 'token.cjs', $node
		  . "\nconst [secret, keyId, staffId, expires] = process.argv.slice(2);\n"
		  . "console.log(sessionToken(Buffer.from(secret, 'hex'), keyId, BigInt(staffId), expires));\n");
}
SKIP:
{
	skip 'no java with a compiler', 3 unless works('java', '--list-modules') && works('javac', '-version');
	same_tokens('Java', [ 'java', '-Xshare:auto' ], 'Token.java', <<JAVA . $java);
public class Token {
    public static void main(String[] a) throws Exception {
        byte[] secret = java.util.HexFormat.of().parseHex(a[0]);
        System.out.println(SessionToken.of(secret, Integer.parseInt(a[1]), Long.parseLong(a[2]), Long.parseLong(a[3])));
    }
}
JAVA
}
SKIP:
{
	skip 'no openssl or no basenc', 1 unless works('openssl', 'version') && works('basenc', '--version');
	my ($signature, $errors) = ('', '');
	run([ 'bash', '-c', $shell ], '<', \undef, '>', \$signature, '2>', \$errors);
	chomp $signature;
	is("crm1.1.42.1893456000.$signature", $vectors[0]{token}, 'openssl') or diag($errors);
}

done_testing();
