/// Why the data plane cannot be set up or used.
package struct DatapathError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What happened, to what, and what to do.
    package let description: String

    init(_ description: String) { self.description = description }
}
