# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the symbol table for back traces from "nm -n" of the hypervisor: function symbols in order of address, as
# distances from the image's start (which the first line of input gives as _start_image) and offsets into one text.
# awk has no 64-bit integers, so only the low half of an address is used: the image is far smaller than 4 GiB.

function hex(s,    i, v)
{
    v = 0
    for (i = 1; i <= length(s); i++)
        v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
    return v
}

$3 == "_start_image" { base = hex(substr($1, 9)) }
$2 ~ /^[tT]$/ && $3 !~ /^\.|^_(text|init|init_text)_(start|end)$/ {
    address = hex(substr($1, 9))
    if (count && address == addresses[count])
        next
    count++
    addresses[count] = address
    names[count] = $3
}

END {
    print "#include <stdint.h>"
    print "extern const uint32_t symbols_count, symbols_offset[], symbols_name[];"
    print "extern const char symbols_text[];"
    printf "const uint32_t symbols_count = %d;\n", count
    print "const uint32_t symbols_offset[] = {"
    for (i = 1; i <= count; i++)
        printf "%d,\n", addresses[i] - base
    print "0};\nconst uint32_t symbols_name[] = {"
    for (i = 1; i <= count; i++) {
        printf "%d,\n", at
        at += length(names[i]) + 1
    }
    print "0};\nconst char symbols_text[] = "
    for (i = 1; i <= count; i++)
        printf "\"%s\\0\"\n", names[i]
    print "\"\";"
}
