import CLibbpf
import Glibc

/// A BPF map in the kernel.
package final class BPFMap: Sendable {
    package let name: String
    package let descriptor: Descriptor
    package let keySize: Int
    package let valueSize: Int
    package let capacity: Int

    /// Takes over `descriptor`.
    package init(name: String, descriptor: Descriptor) throws(BPFError) {
        var info = bpf_map_info()
        var size = UInt32(MemoryLayout<bpf_map_info>.size)
        try check(unsafe bpf_obj_get_info_by_fd(descriptor.raw, &info, &size), "ask about the map '\(name)'")
        self.name = name
        self.descriptor = descriptor
        keySize = Int(info.key_size)
        valueSize = Int(info.value_size)
        capacity = Int(info.max_entries)
    }

    /// Opens a map pinned at `path`.
    package convenience init(name: String, pinnedAt path: String) throws(BPFError) {
        let raw = try check(unsafe bpf_obj_get(path), "open the pinned map \(path)")
        try self.init(name: name, descriptor: Descriptor(owning: raw))
    }

    /// Kernel memory that it takes, in bytes, as the kernel reckons; 0 if it does not say.
    package var memory: UInt64 {
        let lines = Files.text("/proc/self/fdinfo/\(descriptor.raw)")?.split(separator: "\n") ?? []
        return lines.first { $0.hasPrefix("memlock:") }?.split(whereSeparator: \.isWhitespace).last
            .flatMap { UInt64($0) } ?? 0
    }

    /// Gives it a name under a BPF file system, by which it outlives the process.
    package func pin(at path: String) throws(BPFError) {
        try check(unsafe bpf_obj_pin(descriptor.raw, path), "pin the map '\(name)' at \(path)")
    }

    /// Maps the values of an mmapable array; an element takes `valueSize` bytes, rounded up to eight.
    package func mapMemory() throws(BPFError) -> MappedMemory {
        let page = Int(sysconf(CInt(_SC_PAGESIZE)))
        let bytes = (valueSize + 7) / 8 * 8 * capacity
        return try MappedMemory(descriptor: descriptor.raw, count: (bytes + page - 1) / page * page, of: name)
    }

    /// Inserts or replaces entries, all in one system call if the kernel can.
    package func update<Key: BitwiseCopyable, Value: BitwiseCopyable>(
        _ keys: [Key], _ values: [Value]
    ) throws(BPFError) {
        precondition(
            keys.count == values.count && stride(of: Key.self) == keySize
                && stride(of: Value.self) == valueSize)
        guard !keys.isEmpty else { return }
        var count = UInt32(keys.count)
        let result = unsafe bpf_map_update_batch(descriptor.raw, keys, values, &count, nil)
        try check(result, "add \(keys.count) entries to the map '\(name)' (capacity \(capacity))")
    }

    /// Deletes entries; those that are not there are ignored.
    package func delete<Key: BitwiseCopyable>(_ keys: [Key]) throws(BPFError) {
        precondition(stride(of: Key.self) == keySize)
        for var key in keys {
            let result = unsafe bpf_map_delete_elem(descriptor.raw, &key)
            if result != -ENOENT { try check(result, "delete from the map '\(name)'") }
        }
    }

    /// The value at `key`, or `nil`.
    package func value<Key: BitwiseCopyable, Value: BitwiseCopyable>(at key: Key, _ initial: Value) -> Value?
    {
        precondition(stride(of: Key.self) == keySize && stride(of: Value.self) == valueSize)
        var key = key
        var value = initial
        return unsafe bpf_map_lookup_elem(descriptor.raw, &key, &value) == 0 ? value : nil
    }

    /// All keys and values, a few thousand a system call; entries that come or go meanwhile may be missed.
    package func entries<Key: BitwiseCopyable, Value: BitwiseCopyable>(
        _ anyKey: Key, _ anyValue: Value
    ) throws(BPFError) -> [(key: Key, value: Value)] {
        precondition(stride(of: Key.self) == keySize && stride(of: Value.self) == valueSize)
        var result: [(key: Key, value: Value)] = []
        var keys = [Key](repeating: anyKey, count: Self.batch)
        var values = [Value](repeating: anyValue, count: Self.batch)
        // Where the kernel goes on: a bucket number for hashes, a key for tries.
        var position = [UInt8](repeating: 0, count: max(keySize, 8))
        var isFirst = true
        while true {
            var count = UInt32(Self.batch)
            let status = unsafe position.withUnsafeMutableBytes { place in
                unsafe bpf_map_lookup_batch(
                    descriptor.raw, isFirst ? nil : place.baseAddress, place.baseAddress, &keys, &values,
                    &count, nil)
            }
            // ENOENT says that this was the last batch.
            if status != -ENOENT { try check(status, "read the map '\(name)'") }
            for index in 0..<Int(count) { result.append((keys[index], values[index])) }
            if status == -ENOENT { return result }
            isFirst = false
        }
    }

    /// A bucket that does not fit whole is an error (ENOSPC); buckets of our hashes hold a handful.
    private static let batch = 4096

    private func stride<T>(of type: T.Type) -> Int { MemoryLayout<T>.stride }
}
