/// Why a capture cannot be replayed.
package struct CaptureError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, as it was named.
    package let path: String
    package let reason: String

    package var description: String { "\(path): \(reason)" }
}
