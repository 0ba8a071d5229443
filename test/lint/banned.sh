#!/usr/bin/env bash
# C calls that overflow, hide errors, keep static state or leave the transaction's control.
# A line that must use one says IGNORE-BANNED and why. The core has no memory or exits of its own either.
set -u
mapfile -t files < <(find src -name '*.[ch]' 2>/dev/null | sort)
perl -e '
    use strict;
    use warnings;
    my $everywhere = join "|", qw(gets sprintf vsprintf strcpy strcat strncpy strncat strtok atoi atol atoll atof
        scanf fscanf sscanf vscanf vsscanf alloca tmpnam mktemp rand srand random system popen
        asctime ctime gmtime localtime setjmp longjmp);
    my $core = join "|", qw(malloc calloc realloc reallocarray free strdup strndup exit _exit abort printf fprintf puts signal);
    my $bad = 0;
    for my $file (@ARGV)
    {
        next if $file =~ /_(?:scan|gram)\.[ch]$/;
        local $/;
        open(my $in, "<", $file) or die "$file: $!";
        my $text = <$in>;
        close $in;
        my @lines = split /\n/, $text;
        # Comments and literals become blanks, lines stay where they are.
        $text =~ s{(/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|\x27(?:[^\x27\\\n]|\\.)*\x27)}
                  { (my $blank = $1) =~ s/[^\n]/ /g; $blank }gse;
        my $n = 0;
        for my $line (split /\n/, $text)
        {
            my $names = $file =~ m{^src/core/} ? "$everywhere|$core" : $everywhere;
            $n++;
            while ($line =~ /(?<![\w.>])($names)\s*\(/g)
            {
                next if $lines[ $n - 1 ] =~ /IGNORE-BANNED/;
                print "$file:$n: $1\n";
                $bad = 1;
            }
        }
    }
    exit $bad;
' "${files[@]}"
