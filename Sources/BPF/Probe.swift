import CLibbpf
import Glibc

/// What this kernel can do, found out by trying.
package enum Probe {
    /// Kinds of programs, maps and helpers that the data plane uses and this kernel lacks, by the names `bpftool` gives them.
    ///
    /// Empty, too, where nothing can be tried for want of privileges.
    package static func missingFeatures() -> [String] {
        LibbpfLog.install()
        let programs: [(String, bpf_prog_type)] = [
            ("program type xdp", BPF_PROG_TYPE_XDP), ("program type sched_cls", BPF_PROG_TYPE_SCHED_CLS),
        ]
        let maps: [(String, bpf_map_type)] = [
            ("map type array", BPF_MAP_TYPE_ARRAY), ("map type hash", BPF_MAP_TYPE_HASH),
            ("map type lpm_trie", BPF_MAP_TYPE_LPM_TRIE), ("map type prog_array", BPF_MAP_TYPE_PROG_ARRAY),
        ]
        let helpers: [(String, bpf_func_id)] = [
            ("helper bpf_map_lookup_elem", BPF_FUNC_map_lookup_elem),
            ("helper bpf_tail_call", BPF_FUNC_tail_call),
            ("helper bpf_jiffies64", BPF_FUNC_jiffies64),
            ("helper bpf_xdp_get_buff_len", BPF_FUNC_xdp_get_buff_len),
        ]
        return programs.filter { libbpf_probe_bpf_prog_type($0.1, nil) == 0 }.map(\.0)
            + maps.filter { libbpf_probe_bpf_map_type($0.1, nil) == 0 }.map(\.0)
            + helpers.filter { libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, $0.1, nil) == 0 }.map(\.0)
    }
}
