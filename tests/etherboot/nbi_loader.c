/* Copyright (c) netboot.diskless authors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A loader of net boot images, for a test: no loader that knows them is packaged any more. It is itself an ELF program
 * with the image in it. What it does is what the "Draft Net Boot Image Proposal 0.3" and Etherboot's addition of 32-bit
 * entries ask, and no more; it shares nothing with the code that writes the images.
 */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

struct header {
    u32 magic, flags;
    u16 offset, segment;
    u32 entry;
};

struct record {
    u8 length, tag, reserved, flags;
    u32 address, file_bytes, memory_bytes;
};

__asm__(".section .rodata\n.balign 16\nimage: .incbin \"" IMAGE "\"\n.text\n");
extern const u8 image[];

/* volatile: a compiler would make calls of memcpy() and memset() of these, and there is no library. */
static void copy(u32 to, const u8 *from, u32 bytes)
{
    volatile u8 *target = (volatile u8 *)to;
    while (bytes--)
        *target++ = *from++;
}

static void clear(u32 to, u32 bytes)
{
    volatile u8 *target = (volatile u8 *)to;
    while (bytes--)
        *target++ = 0;
}

/* Lengths are in words of four bytes, of the format's own part and of the vendor's. */
static u32 length(u32 nibbles)
{
    return 4 * ((nibbles & 0xf) + (nibbles >> 4 & 0xf));
}

void start(void)
{
    u32 kept = (u32)((const struct header *)image)->segment * 16 + ((const struct header *)image)->offset;
    const struct header *header = (const struct header *)kept;
    const struct record *record;
    const u8 *data = image + 512;
    u32 place;

    copy(kept, image, 512);
    if (header->magic != 0x1b031336 || !(header->flags & 0x80000000u))
        for (;;)
            ;
    place = kept + length(header->flags);
    do {
        record = (const struct record *)place;
        clear(record->address + record->file_bytes, record->memory_bytes - record->file_bytes);
        copy(record->address, data, record->file_bytes);
        data += record->file_bytes;
        place += length(record->length);
    } while (!(record->flags & 4));
    ((void (*)(void))header->entry)();
}
