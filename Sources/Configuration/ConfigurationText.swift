extension Configuration {
    /// The configuration as a file with a comment on every key; reading it gives the same configuration.
    package var text: String {
        var lines = ["# Configuration of Sluice. Every key may be left out.", ""]
        var section: String?
        for key in Schema.keys {
            let indent = key.section == nil ? "" : "  "
            if key.section != section, let name = key.section { lines.append("\(name):") }
            section = key.section
            lines += key.documentation.split(separator: "\n").map { "\(indent)# \($0)" }
            lines.append("\(indent)\(key.name): \(key.write(self))")
            if key.section == nil { lines.append("") }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
