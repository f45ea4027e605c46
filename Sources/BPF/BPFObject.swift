import CLibbpf
import Glibc

/// An object file being loaded: size the maps and set the constants, then `load`.
@safe package final class BPFObject {
    let object: OpaquePointer

    /// Takes over what libbpf has opened.
    init(opened object: OpaquePointer) { unsafe self.object = object }

    /// Parses an ELF object in memory, where its bytes must stay for as long as this value lives.
    package init(name: String, bytes: UnsafeRawBufferPointer) throws(BPFError) {
        LibbpfLog.install()
        var options = unsafe bpf_object_open_opts()
        unsafe options.sz = optionsSize(through: \bpf_object_open_opts.object_name)
        let opened = unsafe name.withCString { name in
            unsafe options.object_name = name
            return unsafe bpf_object__open_mem(bytes.baseAddress, bytes.count, &options)
        }
        guard let opened = unsafe opened else {
            throw BPFError("open the BPF object '\(name)'", code: errno, log: LibbpfLog.takeTail())
        }
        unsafe object = opened
    }

    deinit { unsafe bpf_object__close(object) }

    /// Sets the number of entries of a map, before `load`.
    package func resize(map name: String, to entries: Int) throws(BPFError) {
        try check(
            unsafe bpf_map__set_max_entries(try pointer(toMap: name), UInt32(clamping: entries)),
            "give the map '\(name)' \(entries) entries")
    }

    /// Sets the constants of the program (its `.rodata`), all of them in one `value`, before `load`.
    package func setConstants<Value: BitwiseCopyable>(_ value: Value) throws(BPFError) {
        var next = unsafe bpf_object__next_map(object, nil)
        while let map = unsafe next {
            // libbpf calls it `NAME.rodata`.
            if unsafe String(cString: bpf_map__name(map)).hasSuffix(".rodata") {
                var value = value
                let size = MemoryLayout<Value>.size
                try check(unsafe bpf_map__set_initial_value(map, &value, size), "set the program's constants")
                return
            }
            unsafe next = unsafe bpf_object__next_map(object, map)
        }
        throw BPFError("set the program's constants", code: ENOENT)
    }

    /// Creates the maps and has the kernel verify the programs.
    package func load() throws(BPFError) {
        try check(unsafe bpf_object__load(object), "load the XDP program")
    }

    /// A map of the loaded object, with a descriptor of its own.
    package func map(named name: String) throws(BPFError) -> BPFMap {
        try BPFMap(name: name, descriptor: try duplicate(unsafe bpf_map__fd(try pointer(toMap: name)), name))
    }

    /// A program of the loaded object, with a descriptor of its own.
    package func program(named name: String) throws(BPFError) -> BPFProgram {
        guard let program = unsafe bpf_object__find_program_by_name(object, name) else {
            throw BPFError("find the program '\(name)'", code: ENOENT)
        }
        return BPFProgram(name: name, descriptor: try duplicate(unsafe bpf_program__fd(program), name))
    }

    func pointer(toMap name: String) throws(BPFError) -> OpaquePointer {
        guard let map = unsafe bpf_object__find_map_by_name(object, name) else {
            throw BPFError("find the map '\(name)'", code: ENOENT)
        }
        return unsafe map
    }

    private func duplicate(_ raw: CInt, _ name: String) throws(BPFError) -> Descriptor {
        let copy = fcntl(raw, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw BPFError("keep '\(name)' open", code: errno) }
        return Descriptor(owning: copy)
    }
}
