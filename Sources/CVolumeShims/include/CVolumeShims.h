// The calls that snapshots are made of and that Swift can't import: ioctls of file systems, copies within the kernel.
// Only plain types, so that no system header is needed here.
//
// Results are those of the call behind; errno says why one is -1.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// FICLONE: `target` gets the content of `source` without a copy of it. Both are regular files.
int volume_shim_reflink(int target, int source);
// copy_file_range at these offsets.
ssize_t volume_shim_copy_range(int source, off_t from, int target, off_t to, size_t length);
// Waits until everything of the file system that `file` lies in is on the disk.
int volume_shim_sync(int file);
// Waits until every change of names and metadata made so far is on the disk, without what others wrote into files:
// in btrfs by its transaction, elsewhere by fsync of `directory`.
int volume_shim_commit(int directory);
// When the file `name` in `directory` was made, in seconds since 1970.
int volume_shim_born(int directory, const char *name, int64_t *seconds);
// flock without waiting: EWOULDBLOCK where another process or handle has it, or anyone a shared one.
int volume_shim_lock(int file, int shared);
// A file without a name in `directory`, open for writing.
int volume_shim_nameless_file(int directory);
// Whether `file` lies in btrfs: 1, 0, or -1.
int volume_shim_is_btrfs(int file);
// A number for the mount that `file` was reached through.
int volume_shim_mount_id(int file, uint64_t *id);
// The attributes of chattr(1).
int volume_shim_get_flags(int file, uint32_t *flags);
int volume_shim_set_flags(int file, uint32_t flags);
// The flag "no copy on write" among them, which both ends of a reflink must have alike in btrfs.
#define VOLUME_SHIM_NO_COPY_ON_WRITE 0x00800000

// Where a stretch of a file lies on the disk.
struct volume_shim_extent {
  uint64_t start, length, physical;
  // Whether two files that have the same stretch at the same place must have the same bytes there.
  int is_certain;
  int is_last;
};
// Reads up to `capacity` extents of `file` from the byte `start` on, after everything was written to the disk; how many.
int volume_shim_extents(int file, uint64_t start, struct volume_shim_extent *extents, int capacity);

// What btrfs says of the subvolume that a file lies in.
struct volume_shim_subvolume {
  uint64_t id;
  uint8_t uuid[16];
  // Of the subvolume that this is a snapshot of; zeros for none.
  uint8_t parent_uuid[16];
  // When it was made.
  uint64_t made_seconds;
  int is_read_only;
};
int volume_shim_subvolume(int directory, struct volume_shim_subvolume *result);
int volume_shim_snapshot(int source, int parent, const char *name, int read_only);
int volume_shim_make_subvolume(int parent, const char *name);
int volume_shim_delete_subvolume(int parent, const char *name);
// Reads the next subvolume right below the one of `directory` whose id is at least `*id`: its id, and its path seen from
// `directory`, which must be the subvolume's root. 1 if there is one, 0 at the end. `capacity` should be 4096 at least.
int volume_shim_next_nested(int directory, uint64_t *id, char *path, size_t capacity);
