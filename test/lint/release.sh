#!/usr/bin/env bash
# META.json and crm.control name one version, and CHANGELOG.md has a heading for it.
set -u
bad=0
version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" crm.control)
[ -n "$version" ] || {
    echo "crm.control: no default_version"
    bad=1
}
perl -MJSON::PP -e '
    my ($want) = @ARGV;
    local $/;
    open(my $in, "<", "META.json") or die "META.json: $!\n";
    my $meta = decode_json(<$in>);
    my $bad = 0;
    for ([ "version", $meta->{version} ], [ "provides.crm.version", $meta->{provides}{crm}{version} ])
    {
        next if ($_->[1] // "") eq $want;
        print "META.json: $_->[0] is not $want, as in crm.control\n";
        $bad = 1;
    }
    exit $bad;
' "$version" || bad=1
grep -q "^## $version\( \|\$\)" CHANGELOG.md 2>/dev/null || {
    echo "CHANGELOG.md: no heading '## $version'"
    bad=1
}
exit $bad
