/// Trouble with the lab itself, which says nothing about the agent under test.
package struct LabError: Error, CustomStringConvertible {
    /// What went wrong, with what, and what to do.
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// The agent under test failed.
package struct AgentError: Error, CustomStringConvertible {
    /// What went wrong.
    package let description: String

    package init(_ description: String) { self.description = description }
}
