internal import CMalloc

/// Gives large pieces of memory back to the system as soon as they are free.
///
/// By itself glibc learns from the first large piece that is freed to keep such pieces, in an arena for each thread: a backup,
/// whose threads fill packs of 16 MiB, then takes half as much again as it needs.
func returnMemoryEarly() {
  mallopt(M_MMAP_THRESHOLD, 1 << 20)
  mallopt(M_ARENA_MAX, 2)
}
