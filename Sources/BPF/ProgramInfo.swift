import CLibbpf
import Glibc

/// What the kernel says of a loaded program.
package struct ProgramInfo: Hashable, Sendable {
    package let id: UInt32
    /// Name of its function; cut to 15 characters by the kernel.
    package let name: String
    /// Hash over its instructions, as `bpftool prog` shows it: sixteen hexadecimal digits.
    package let tag: String
    /// Numbers of the maps that it uses.
    package let maps: Set<UInt32>

    /// Asks for the program with number `id`, which takes CAP_SYS_ADMIN; `nil` without it, or if there is none.
    package init?(id: UInt32) {
        guard let program = try? BPFProgram(id: id) else { return nil }
        self.init(program.descriptor)
    }

    /// Asks about an open program.
    init?(_ descriptor: Descriptor) {
        var maps = [UInt32](repeating: 0, count: 64)
        let known: bpf_prog_info? = unsafe maps.withUnsafeMutableBufferPointer { room in
            var info = bpf_prog_info()
            info.nr_map_ids = UInt32(room.count)
            info.map_ids = UInt64(UInt(bitPattern: room.baseAddress))
            var size = UInt32(MemoryLayout<bpf_prog_info>.size)
            return unsafe bpf_obj_get_info_by_fd(descriptor.raw, &info, &size) == 0 ? info : nil
        }
        guard let info = known else { return nil }
        id = info.id
        name = unsafe withUnsafeBytes(of: info.name) { raw in
            unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        tag = unsafe withUnsafeBytes(of: info.tag) { raw in
            unsafe raw.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        self.maps = Set(maps.prefix(Int(info.nr_map_ids)))
    }
}
