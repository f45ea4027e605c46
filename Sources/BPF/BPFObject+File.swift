import CLibbpf
import Glibc

extension BPFObject {
    /// Parses an ELF object file.
    package convenience init(file path: String) throws(BPFError) {
        LibbpfLog.install()
        guard let opened = unsafe bpf_object__open_file(path, nil) else {
            throw BPFError("open the BPF object \(path)", code: errno, log: LibbpfLog.takeTail())
        }
        unsafe self.init(opened: opened)
    }

    /// Names of the XDP programs in it that can be attached to an interface.
    package var xdpPrograms: [String] {
        var (names, next): ([String], OpaquePointer?) = ([], unsafe bpf_object__next_program(object, nil))
        while let program = unsafe next {
            if unsafe bpf_program__type(program) == BPF_PROG_TYPE_XDP,
                // The type has two more places to attach to, which call otherwise.
                unsafe [BPF_XDP.rawValue, 0].contains(bpf_program__expected_attach_type(program).rawValue)
            {
                names.append(unsafe String(cString: bpf_program__name(program)))
            }
            unsafe next = unsafe bpf_object__next_program(object, program)
        }
        return names
    }

    /// Names of the maps that its source declares.
    package var mapNames: [String] {
        var (names, next): ([String], OpaquePointer?) = ([], unsafe bpf_object__next_map(object, nil))
        while let map = unsafe next {
            // The compiler's own: `.rodata` and the like.
            if unsafe !bpf_map__is_internal(map) { names.append(unsafe String(cString: bpf_map__name(map))) }
            unsafe next = unsafe bpf_object__next_map(object, map)
        }
        return names
    }

    /// Loads one of its XDP programs for a program array of multi-buffer programs; the others stay out of the kernel.
    ///
    /// The kernel compares such an array's programs by flags and attach type, whatever their sections say. Maps that ask to
    /// be pinned are not: whose they are is for the caller to say.
    package func load(onlyForTailCalls name: String) throws(BPFError) {
        var next = unsafe bpf_object__next_program(object, nil)
        while let program = unsafe next {
            let isWanted = unsafe String(cString: bpf_program__name(program)) == name
            try check(unsafe bpf_program__set_autoload(program, isWanted), "choose the program '\(name)'")
            if isWanted {
                let flags = unsafe bpf_program__flags(program) | UInt32(BPF_F_XDP_HAS_FRAGS)
                try check(unsafe bpf_program__set_flags(program, flags), "set the flags of '\(name)'")
                try check(
                    unsafe bpf_program__set_expected_attach_type(program, BPF_XDP),
                    "set the attach type of '\(name)'")
            }
            unsafe next = unsafe bpf_object__next_program(object, program)
        }
        for map in mapNames {
            try check(unsafe bpf_map__set_pin_path(pointer(toMap: map), nil), "unpin the map '\(map)'")
        }
        try load()
    }
}
