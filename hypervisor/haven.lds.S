/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's image.
 *
 * Virtual addresses are fixed, physical addresses follow at a constant distance, and so does the file: the multiboot
 * header has the loader copy one flat piece (its address fields are set, because 32-bit loaders refuse the ELF64
 * around it).  From low to high addresses:
 *
 *   init     multiboot header, everything of boot/ and of the decompressors, what is marked __init; freed after boot
 *   text     resident code
 *   rodata   constants, exception table, and last the symbol table for back traces
 *   data     initialised variables
 *   bss      zeroed by the loader
 *
 * Init stands first so that its patterns take their input sections before the general ones see them.  The symbol table
 * stands behind all code, because its size is known only after a first link and must not move a function.
 */
#define VIRT_BASE 0xffff82d040000000
#define PHYS_BASE 0x200000
#define ONLY_BOOTING(s) *boot/?*.o(s) *liblzma.a:*(s) *libz.a:*(s) *liblz4.a:*(s) *libzstd.a:*(s)

OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
ENTRY(_start)

PHDRS
{
    image PT_LOAD FLAGS(7);
}

SECTIONS
{
    . = VIRT_BASE;
    _start_image = .;

    .init.text : AT(ADDR(.init.text) - VIRT_BASE + PHYS_BASE) {
        _init_start = .;
        _init_text_start = .;
        KEEP(*(.multiboot))
        KEEP(*(.init.text .init.text.*))
        ONLY_BOOTING(.text)
        ONLY_BOOTING(.text.*)
        . = ALIGN(4096);
        _init_text_end = .;
    } :image =0xcccccccc

    .init.data : AT(ADDR(.init.data) - VIRT_BASE + PHYS_BASE) {
        *(.init.rodata .init.rodata.*)
        ONLY_BOOTING(.rodata)
        ONLY_BOOTING(.rodata.*)
        ONLY_BOOTING(.data.rel.ro)
        ONLY_BOOTING(.data.rel.ro.*)
        *(.init.data .init.data.*)
        ONLY_BOOTING(.data)
        ONLY_BOOTING(.data.*)
        . = ALIGN(8);
        _init_array_start = .; /* liblzma chooses its CRC function there: to be called before it is used */
        ONLY_BOOTING(.init_array)
        _init_array_end = .;
        *(.init.bss .init.bss.*)
        ONLY_BOOTING(.bss)
        ONLY_BOOTING(.bss.*)
        ONLY_BOOTING(COMMON)
        . = ALIGN(4096);
        _init_end = .;
    } :image

    .text : AT(ADDR(.text) - VIRT_BASE + PHYS_BASE) {
        _text_start = .;
        *(.entry.text .entry.text.*)
        *(.text.hot .text.hot.*)
        *(.text .text.*)
        . = ALIGN(4096);
        _text_end = .;
    } :image =0xcccccccc

    .rodata : AT(ADDR(.rodata) - VIRT_BASE + PHYS_BASE) {
        _rodata_start = .;
        *(EXCLUDE_FILE(*haven.symbols.o) .rodata EXCLUDE_FILE(*haven.symbols.o) .rodata.*)
        *(.data.rel.ro .data.rel.ro.*)
        . = ALIGN(8);
        _extable_start = .;
        KEEP(*(.extable))
        _extable_end = .;
        . = ALIGN(8);
        *haven.symbols.o(.rodata .rodata.*)
        . = ALIGN(4096);
        _rodata_end = .;
    } :image

    .data : AT(ADDR(.data) - VIRT_BASE + PHYS_BASE) {
        _data_start = .;
        *(.data.page_aligned)
        *(.data .data.*)
        *(.got .got.plt)
        . = ALIGN(4096);
        _data_end = .;
        _image_load_end = .;
    } :image

    .bss (NOLOAD) : AT(ADDR(.bss) - VIRT_BASE + PHYS_BASE) {
        _bss_start = .;
        *(.bss.page_aligned)
        *(.bss .bss.* COMMON)
        . = ALIGN(4096);
        _bss_end = .;
    } :image

    _image_end = .;

    /* Nothing would apply a relocation or run an indirect-function resolver. */
    .rela.dyn : { *(.rela .rela.* .rela.iplt) }
    .iplt : { *(.plt .plt.* .iplt .igot .igot.*) }
    .tls : { *(.tdata .tdata.* .tbss .tbss.*) }
    .ctors : { *(.ctors .ctors.* .init_array .init_array.* .fini_array .fini_array.* .dtors .dtors.*) }
    ASSERT(SIZEOF(.rela.dyn) == 0, "relocations are left in the image")
    ASSERT(SIZEOF(.iplt) == 0, "indirect functions or PLT entries are left in the image")
    ASSERT(SIZEOF(.tls) == 0, "thread-local data in the hypervisor")
    ASSERT(SIZEOF(.ctors) == 0, "constructors in the hypervisor")
    ASSERT(_image_end - VIRT_BASE <= 0x1000000, "the image is larger than 16 MiB")

    .comment 0 : { *(.comment) }
    .debug_info 0 : { *(.debug_info .gnu.linkonce.wi.*) }
    .debug_abbrev 0 : { *(.debug_abbrev) }
    .debug_aranges 0 : { *(.debug_aranges) }
    .debug_line 0 : { *(.debug_line .debug_line.*) }
    .debug_line_str 0 : { *(.debug_line_str) }
    .debug_str 0 : { *(.debug_str) }
    .debug_str_offsets 0 : { *(.debug_str_offsets) }
    .debug_addr 0 : { *(.debug_addr) }
    .debug_loc 0 : { *(.debug_loc) }
    .debug_loclists 0 : { *(.debug_loclists) }
    .debug_ranges 0 : { *(.debug_ranges) }
    .debug_rnglists 0 : { *(.debug_rnglists) }
    .debug_frame 0 : { *(.debug_frame) }
    .debug_macro 0 : { *(.debug_macro) }
    .symtab 0 : { *(.symtab) }
    .strtab 0 : { *(.strtab) }
    .shstrtab 0 : { *(.shstrtab) }

    /DISCARD/ : {
        *(.eh_frame .eh_frame_hdr)
        *(.note.GNU-stack .note.gnu.property .note.gnu.build-id)
        *(.llvm_addrsig .gnu_debuglink .gnu_debugaltlink)
    }
}
