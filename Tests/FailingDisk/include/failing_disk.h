#pragma once
#include <stdint.h>

// Which calls fail, and how: a set.
#define FAILING_DISK_WRITE 1u
#define FAILING_DISK_SYNC 2u
// The call does its work and fails all the same, as when the answer of the disk is lost.
#define FAILING_DISK_DONE 4u
// Half is written, and told so.
#define FAILING_DISK_SHORT 8u

// Orders from within the process, which concern the data.mdb below this folder only.
void failing_disk_watch(const char *folder);
// Of a million calls, so many fail.
void failing_disk_fail(uint32_t which, int32_t error, uint32_t per_million);
// So many calls still do their work, then nothing reaches the file any more, as after kill -9 at that call; of a longer
// write that comes then, half does.
void failing_disk_die_after(uint64_t calls);
// The disk is well again.
void failing_disk_heal(void);
// Calls for the file since failing_disk_watch.
uint64_t failing_disk_calls(void);
