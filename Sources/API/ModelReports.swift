package import FoundationEssentials
package import Traffic

/// A learned model, and what the agent does with it.
package struct ModelReport: Codable, Hashable, Sendable {
    package var id: String
    /// The policy group whose own model it is; absent for the shared one.
    package var group: String?
    /// `champion` (in use), `challenger` (on trial beside it, or about to be), `retired` or `rejected`.
    package var role: String
    package var trained: Timestamp
    /// Since when it has this role.
    package var since: Timestamp
    /// Why it has this role.
    package var note: String
    /// Size of its file, in bytes.
    package var size: Int
    /// Part of its trial that is over, 0...1; absent where it is on none.
    package var trial: Double?

    package init(
        id: String, group: String? = nil, role: String, trained: Timestamp, since: Timestamp, note: String,
        size: Int, trial: Double?
    ) {
        self.id = id
        self.group = group
        self.role = role
        self.trained = trained
        self.since = since
        self.note = note
        self.size = size
        self.trial = trial
    }
}

/// `GET models`: every model that is kept, the one trained last first.
package struct ModelList: Codable, Hashable, Sendable {
    package var models: [ModelReport]
    package init(models: [ModelReport]) { self.models = models }
}

/// `POST models/promote`: puts a model that is kept in use, and is answered with its `ModelReport`.
package struct PromotionRequest: Codable, Hashable, Sendable {
    /// Absent for the one that was in use before the present one.
    package var id: String?
    /// Without `id`: of which policy group; absent for the shared one.
    package var group: String?
    /// Whether to do so even if it misses a stored attack that the one in use finds.
    package var force: Bool?

    package init(id: String?, group: String? = nil, force: Bool? = nil) {
        self.id = id
        self.group = group
        self.force = force
    }
}

/// `GET models/ID`: a model's file; `POST models`: one to put on trial if it finds the stored attacks that the one in use finds,
/// answered at once with its `ModelReport`.
package struct ModelDocument: Codable, Hashable, Sendable {
    /// The safetensors file; in JSON as base64.
    package var data: Data
    /// The policy group that it is for; absent in a request for the one that it was trained for.
    package var group: String?

    package init(data: Data, group: String? = nil) {
        self.data = data
        self.group = group
    }
}

/// `GET keys`: whose models the agent takes, by Ed25519 public keys of 64 hexadecimal digits each.
package struct ModelKeys: Codable, Hashable, Sendable {
    /// The agent's own, by which it signs the models that it keeps.
    package var own: String
    /// Those that its configuration names.
    package var trusted: [String]

    package init(own: String, trusted: [String]) {
        self.own = own
        self.trusted = trusted
    }
}

/// `GET models/ID`.
package struct ModelQuery: Codable, Hashable, Sendable {
    package var id: String

    package init(id: String) { self.id = id }
}

/// `POST alerts/ID/feedback`: what an operator says of an alert, answered with its `AlertReport`.
package struct FeedbackRequest: Codable, Hashable, Sendable {
    /// Number of the alert.
    package var alert: Int64
    /// With `good` it was right; with `bad` it was a false alarm, and what was done about it is undone.
    package var feedback: Feedback

    package init(alert: Int64, feedback: Feedback) {
        self.alert = alert
        self.feedback = feedback
    }
}
