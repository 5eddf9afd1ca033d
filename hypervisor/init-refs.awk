# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is resident may not refer to what is freed after boot. Reads `nm -n` and then `readelf -rW` of an image linked
# with its relocations kept; prints each reference from text, rodata or data into the init sections, and fails if there
# is one. Left out: _init_start itself, by which the sections are freed, and relative references in rodata, which are
# the jump tables and exception-table entries of init code. Addresses are compared as strings of equal length.
FNR == NR {
    if (NF == 3) {
        address[++symbols] = $1
        name[symbols] = $3
        if ($3 == "_init_start")
            start = $1
        if ($3 == "_init_end")
            end = $1
    }
    next
}
/^Relocation section / {
    section = $3
    gsub(/'|\.rela/, "", section)
    relocations++
    next
}
section !~ /^\.(text|rodata|data)$/ || length($4) != 16 || ($4 "") < start || ($4 "") >= end { next }
$5 == "_init_start" || (section == ".rodata" && $3 != "R_X86_64_64") { next }
{
    for (i = symbols; i > 1 && address[i] > ($1 ""); i--)
        ;
    printf "%s, which stays, refers to %s, which is freed after boot\n", name[i], $5 ~ /^\./ ? $5 $6 $7 : $5
    bad = 1
}
END {
    if (!start || !end || !relocations) {
        print "no init sections or no relocations found"
        bad = 1
    }
    exit bad
}
