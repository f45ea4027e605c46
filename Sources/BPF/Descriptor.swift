import Glibc

/// A file descriptor that is closed with its owner.
package final class Descriptor: Sendable {
    package let raw: CInt

    /// Takes over `raw`.
    package init(owning raw: CInt) { self.raw = raw }

    deinit { close(raw) }
}
