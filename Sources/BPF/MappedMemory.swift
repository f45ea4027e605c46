import Glibc

/// Memory shared with the kernel, unmapped with its owner.
@safe package final class MappedMemory: @unchecked Sendable {
    /// Where it begins, at a page.
    ///
    /// Reads and writes race with the kernel's; who uses it says why that is fine.
    package let base: UnsafeMutableRawPointer
    package let count: Int

    init(descriptor: CInt, count: Int, of name: String) throws(BPFError) {
        let flags = PROT_READ | PROT_WRITE
        guard let base = unsafe mmap(nil, count, flags, MAP_SHARED, descriptor, 0), unsafe base != MAP_FAILED
        else {
            throw BPFError("map the memory of '\(name)'", code: errno)
        }
        unsafe self.base = base
        self.count = count
    }

    deinit { unsafe munmap(base, count) }
}
