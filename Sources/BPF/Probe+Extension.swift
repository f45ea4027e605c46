import CLibbpf
import Glibc

extension Probe {
    /// Why the kernel takes no extension program (`BPF_PROG_TYPE_EXT`), without which libxdp's dispatcher does not run.
    ///
    /// Found out by loading one for a program of two instructions.
    ///
    /// - Returns: `nil` if it takes them.
    package static func extensionRefusal() -> BPFError? {
        LibbpfLog.install()
        do {
            let function = try describe()
            let target = try load(BPF_PROG_TYPE_XDP, function, extending: nil)
            _ = try load(BPF_PROG_TYPE_EXT, function, extending: target)
            return nil
        } catch {
            return error
        }
    }

    /// The type `int probe(struct xdp_md *)`: its number, and the types it stands among.
    private static func describe() throws(BPFError) -> (types: Descriptor, number: UInt32) {
        guard let types = unsafe btf__new_empty() else { throw BPFError("describe a program", code: errno) }
        defer { unsafe btf__free(types) }
        let int = unsafe btf__add_int(types, "int", 4, Int32(BTF_INT_SIGNED))
        let context = unsafe btf__add_struct(types, "xdp_md", 4)
        unsafe btf__add_field(types, "data", int, 0, 0)
        let pointer = unsafe btf__add_ptr(types, context)
        let prototype = unsafe btf__add_func_proto(types, int)
        unsafe btf__add_func_param(types, "ctx", pointer)
        let number = unsafe btf__add_func(types, "probe", BTF_FUNC_GLOBAL, prototype)
        try check(number, "describe a program")
        var size: UInt32 = 0
        let bytes = unsafe btf__raw_data(types, &size)
        let raw = try check(unsafe bpf_btf_load(bytes, Int(size), nil), "load type information")
        return (Descriptor(owning: raw), UInt32(number))
    }

    private static func load(
        _ type: bpf_prog_type, _ function: (types: Descriptor, number: UInt32), extending target: Descriptor?
    ) throws(BPFError) -> Descriptor {
        // r0 = XDP_PASS; exit
        let code: [UInt64] = [2 << 32 | 0xB7, 0x95]
        var start = bpf_func_info(insn_off: 0, type_id: function.number)
        var options = unsafe bpf_prog_load_opts()
        unsafe options.sz = optionsSize(through: \bpf_prog_load_opts.func_info_rec_size)
        unsafe options.prog_btf_fd = UInt32(function.types.raw)
        unsafe options.attach_prog_fd = UInt32(target?.raw ?? 0)
        unsafe options.attach_btf_id = target == nil ? 0 : function.number
        unsafe options.func_info_cnt = 1
        unsafe options.func_info_rec_size = UInt32(MemoryLayout<bpf_func_info>.size)
        let result = unsafe withUnsafeMutablePointer(to: &start) { start in
            unsafe options.func_info = UnsafeRawPointer(start)
            return unsafe code.withUnsafeBytes { bytes in
                unsafe bpf_prog_load(
                    type, "probe", "Dual BSD/GPL", bytes.baseAddress?.assumingMemoryBound(to: bpf_insn.self),
                    code.count, &options)
            }
        }
        let raw = try check(
            result, type == BPF_PROG_TYPE_EXT ? "load an extension program" : "load a program")
        return Descriptor(owning: raw)
    }
}
