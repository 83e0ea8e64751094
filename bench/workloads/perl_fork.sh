#!/bin/sh
# 200 forks in Perl, one after the other.
start=$(date +%s%N)
perl -e 'for (1..200) { my $p = fork; die unless defined $p; exit 0 if !$p; waitpid $p, 0; die if $? }' || exit 1
end=$(date +%s%N)
echo $(((end - start) / 1000000))
