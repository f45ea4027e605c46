package import BPF
import CSluiceSkeleton

extension BPFObject {
    /// The data plane that is built into the agent.
    package static func shipped() throws(BPFError) -> BPFObject {
        var size = 0
        let start = unsafe sluice__elf_bytes(&size)
        return try unsafe BPFObject(name: "sluice", bytes: UnsafeRawBufferPointer(start: start, count: size))
    }
}
