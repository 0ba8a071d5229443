#!/usr/bin/env bash
# No file over 1,200 lines, no C function over 150 (from { to }). Prints the medians as well.
# Parsers made by flex and bison do not count.
set -u
mapfile -t files < <(find src sql/code sql/schema sql/upgrade test docs -type f \
    \( -name '*.[ch]' -o -name '*.sql' -o -name '*.sh' -o -name '*.p[lm]' -o -name '*.spec' -o -name '*.y' -o -name '*.l' \) 2>/dev/null | sort)
perl -e '
    use strict;
    use warnings;
    my (@files, @functions, @offenders);
    for my $file (@ARGV)
    {
        next if $file =~ /_(?:scan|gram)\.[ch]$/;
        open(my $in, "<", $file) or die "$file: $!";
        my ($start, $head, $last) = (0, "", "");
        while (my $line = <$in>)
        {
            if ($line =~ /^\{/) { ($start, $head) = ($., $last); }
            if ($line =~ /^\}\s*$/ && $start && $file =~ /\.c$/)
            {
                my $lines = $. - $start + 1;
                push @functions, $lines;
                push @offenders, "$file:$start: function of $lines lines ($head)" if $lines > 150;
            }
            $start = 0 if $line =~ /^\}/;
            chomp($last = $line) if $line =~ /^\w/;
        }
        push @files, $. if $file =~ /\.[ch]$/;
        push @offenders, "$file: $. lines" if $. > 1200;
        close $in;
    }
    sub at
    {
        my ($share, @n) = @_;
        @n = sort { $a <=> $b } @n;
        return @n ? $n[ int($share * $#n + 0.5) ] : 0;
    }
    printf "C files: %d, median %d, p95 %d, largest %d lines\n", scalar(@files), map { at($_, @files) } 0.5, 0.95, 1;
    printf "C functions: %d, median %d, p95 %d, longest %d lines\n",
        scalar(@functions), map { at($_, @functions) } 0.5, 0.95, 1;
    print "$_\n" for @offenders;
    exit(@offenders ? 1 : 0);
' "${files[@]}"
