/// Frames of a capture that cannot be replayed: their interface has a link type that is not known.
package struct LeftOut: Hashable, Sendable, CustomStringConvertible {
    /// The capture, as it was named.
    package let path: String
    /// 1 for the first one that the capture describes.
    package let interface: Int
    /// As the capture calls it; `nil` if it does not.
    package let name: String?
    /// As tcpdump calls it.
    package let linkType: String
    package internal(set) var frames: UInt64

    package var description: String {
        let which = "interface \(interface)" + (name.map { " (\($0))" } ?? "")
        return "\(path): \(which) has link type \(linkType), its \(frames) frames are left out"
    }
}
