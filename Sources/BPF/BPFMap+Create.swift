import CLibbpf

extension BPFMap {
    /// Kinds of maps that are made without an object file.
    package enum Kind: Sendable {
        case hash
        /// Keys begin with a prefix length of 32 bits, in host order.
        case longestPrefixTrie
    }

    /// Makes a map that no program uses.
    package convenience init(
        _ kind: Kind, name: String, keySize: Int, valueSize: Int, capacity: Int
    ) throws(BPFError) {
        var options = bpf_map_create_opts()
        options.sz = optionsSize(through: \bpf_map_create_opts.map_flags)
        let type: bpf_map_type
        switch kind {
        case .hash: type = BPF_MAP_TYPE_HASH
        case .longestPrefixTrie:
            type = BPF_MAP_TYPE_LPM_TRIE
            // Tries exist only without entries made in advance.
            options.map_flags = UInt32(BPF_F_NO_PREALLOC)
        }
        let raw = unsafe bpf_map_create(
            type, name, UInt32(keySize), UInt32(valueSize), UInt32(clamping: capacity), &options)
        try self.init(name: name, descriptor: Descriptor(owning: try check(raw, "make the map '\(name)'")))
    }
}
