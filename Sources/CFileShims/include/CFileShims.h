// What the Glibc module of Swift leaves out of the file system's calls: extended attributes, getdents64, openat2,
// fallocate, flags behind _GNU_SOURCE and variadic functions. Only plain types, so that no system header is needed here.
//
// Results are those of the call behind; errno says why one is -1.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// openat with flags that Glibc's module has, plus those that it lacks. `extra` is a sum of FILE_SHIM_….
#define FILE_SHIM_NOATIME 1
#define FILE_SHIM_DIRECT 2
#define FILE_SHIM_PATH 4
int file_shim_openat(int directory, const char *path, int flags, int extra, mode_t mode);

// openat2 that never leaves `directory`: RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS. ENOSYS before Linux 5.6.
// With FILE_SHIM_SAME_MOUNT in `extra` it also refuses what is mounted there, with EXDEV.
#define FILE_SHIM_SAME_MOUNT 8
int file_shim_open_beneath(int directory, const char *path, int flags, int extra);

// A constant for fstatat, linkat and utimensat: act on the descriptor itself, the path being "".
extern const int file_shim_at_empty_path;

// Fills `buffer` with struct linux_dirent64 records; 0 at the end.
ssize_t file_shim_getdents(int directory, void *buffer, size_t length);

ssize_t file_shim_llistxattr(const char *path, char *list, size_t length);
ssize_t file_shim_flistxattr(int file, char *list, size_t length);
ssize_t file_shim_lgetxattr(const char *path, const char *name, void *value, size_t length);
ssize_t file_shim_fgetxattr(int file, const char *name, void *value, size_t length);
// These follow a symbolic link at the end of the path, such as those of /proc/self/fd.
ssize_t file_shim_listxattr(const char *path, char *list, size_t length);
int file_shim_setxattr(const char *path, const char *name, const void *value, size_t length);
int file_shim_removexattr(const char *path, const char *name);
int file_shim_lsetxattr(const char *path, const char *name, const void *value, size_t length);
int file_shim_fsetxattr(int file, const char *name, const void *value, size_t length);
int file_shim_lremovexattr(const char *path, const char *name);
int file_shim_fremovexattr(int file, const char *name);

// Reads what the page cache holds and waits for nothing else: EAGAIN if that is nothing, EOPNOTSUPP where it can't be told.
ssize_t file_shim_read_cached(int file, void *buffer, size_t length, off_t offset);

// lseek with SEEK_DATA and SEEK_HOLE.
off_t file_shim_seek_data(int file, off_t offset);
off_t file_shim_seek_hole(int file, off_t offset);

// Blocks for a range without a change of the size.
int file_shim_reserve(int file, off_t offset, off_t length);
// Frees the blocks of a range, which then reads as zeros, without a change of the size.
int file_shim_punch_hole(int file, off_t offset, off_t length);

// Bytes of a block device, and the size of its sectors.
int file_shim_device_size(int file, uint64_t *bytes);
int file_shim_sector_size(int file, int *bytes);

// Waits until all of the file system that `file` is on is on the disk.
int file_shim_sync_filesystem(int file);

// renameat2 without replacing what is there.
int file_shim_rename_new(int from_directory, const char *from, int to_directory, const char *to);

// The I/O priority of a thread, 0 for the calling one: class 1 real time, 2 best effort, 3 idle; level 0 (first) to 7.
int file_shim_set_io_priority(int thread, int priority_class, int level);

// The kind of filesystem at a path, as statfs(2) numbers them; 0 if that can't be told.
unsigned file_shim_filesystem_kind(const char *path);
