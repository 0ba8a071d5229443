#!/usr/bin/env bash
# Each ereport (and ereturn) names an errcode; DEBUG, LOG, INFO and NOTICE, which are no errors, need not.
set -u
mapfile -t files < <(find src -name '*.[chyl]' 2>/dev/null | sort)
perl -e '
    use strict;
    use warnings;
    my ($bad, $all, $hints) = (0, 0, 0);
    for my $file (@ARGV)
    {
        local $/;
        open(my $in, "<", $file) or die "$file: $!";
        my $text = <$in>;
        close $in;
        $text =~ s{(/\*.*?\*/)}{ (my $blank = $1) =~ s/[^\n]/ /g; $blank }gse;
        $text =~ s{^[ \t]*#[ \t]*define\b(?:[^\n]*\\\n)*[^\n]*}{ (my $blank = $&) =~ s/[^\n]/ /g; $blank }gme;
        while ($text =~ /\b(?:ereport|ereport_domain|ereturn|errsave)\s*(\((?:[^()"]|"(?:[^"\\]|\\.)*"|(?1))*\))/g)
        {
            my ($call, $at) = ($1, $-[0]);
            $all++;
            $hints++ if $call =~ /\berrhint/;
            next if $call =~ /\berrcode\w*\s*\(/ || $call =~ /^\(\s*(?:DEBUG\d|LOG|LOG_SERVER_ONLY|INFO|NOTICE)\b/;
            my $line = 1 + (substr($text, 0, $at) =~ tr/\n//);
            print "$file:$line: ereport without errcode\n";
            $bad = 1;
        }
    }
    printf "%d ereports, %d with a hint\n", $all, $hints;
    exit $bad;
' "${files[@]}"
