/// One key of the configuration, as the agent uses it.
package struct SettingReport: Codable, Hashable, Sendable {
    /// Dotted: `bans.duration`.
    package var key: String
    /// As YAML.
    package var value: String
    /// `default`, `file PATH:LINE`, `drop-in PATH:LINE` or `flag --NAME`.
    package var origin: String
    /// Whether `POST reload` takes a change over; else it needs a restart.
    package var isReloadable: Bool

    package init(key: String, value: String, origin: String, isReloadable: Bool) {
        self.key = key
        self.value = value
        self.origin = origin
        self.isReloadable = isReloadable
    }
}

/// `GET config`: the configuration that is in use, and `POST reload`: what changed in it.
package struct SettingList: Codable, Hashable, Sendable {
    package var settings: [SettingReport]
    /// SHA-256 of keys and values, as decisions are recorded with it.
    package var hash: String?

    package init(settings: [SettingReport], hash: String? = nil) {
        self.settings = settings
        self.hash = hash
    }
}
