import CLibbpf
import Glibc

extension BPFMap {
    /// Number of the program in the only entry of a program array; `nil` if it is empty.
    package var programID: UInt32? {
        var (index, id): (UInt32, UInt32) = (0, 0)
        return unsafe bpf_map_lookup_elem(descriptor.raw, &index, &id) == 0 ? id : nil
    }

    /// Puts `program` into the only entry of a program array, for tail calls to go to; `nil` empties it.
    ///
    /// The kernel takes programs of the type only that call through the array, and refuses others with `EINVAL`.
    package func setProgram(_ program: BPFProgram?) throws(BPFError) {
        var index: UInt32 = 0
        guard let program else {
            let result = unsafe bpf_map_delete_elem(descriptor.raw, &index)
            if result != -ENOENT { try check(result, "empty the slot '\(name)'") }
            return
        }
        var raw = program.descriptor.raw
        try check(
            unsafe bpf_map_update_elem(descriptor.raw, &index, &raw, 0),
            "put the program '\(program.name)' into the slot '\(name)'")
    }
}
