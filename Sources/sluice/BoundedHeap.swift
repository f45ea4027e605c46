import CMalloc

/// Has the heap give back what a flood took.
///
/// From the size of an array on that glibc calls a threshold, it gets pages of its own, which go back when it is freed. Unless it was
/// set, the threshold grows to the largest that was ever freed: the arrays of a reading under a flood, megabytes each, would then
/// come from arenas that keep them.
func boundHeap() {
    mallopt(M_MMAP_THRESHOLD, 256 * 1024)
}
