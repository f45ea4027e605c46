package import API

/// Everything that can be asked of the agent.
package enum Endpoints {
    package static let status = Endpoint<Nothing, StatusReport>(
        .get, "status", "What the agent is, sees and does.")
    package static let bans = Endpoint<BanQuery, BanList>(.get, "bans", "Bans and limits in force.")
    package static let ban = Endpoint<AddRequest, ChangeResult>(
        .post, "bans", "Bans sources by hand: all of them or, if one is refused, none.")
    package static let unban = Endpoint<RemoveRequest, ChangeResult>(
        .post, "unban", "Lifts every ban and limit on exactly these prefixes.")
    package static let allowed = Endpoint<Nothing, AllowList>(
        .get, "allow", "The allow-list: what is never dropped and never limited.")
    package static let allow = Endpoint<AddRequest, ChangeResult>(
        .post, "allow", "Adds to the allow-list, which lifts what the entries cover.")
    package static let disallow = Endpoint<RemoveRequest, ChangeResult>(
        .post, "disallow", "Takes entries off the allow-list.")
    package static let protected = Endpoint<Nothing, ProtectList>(
        .get, "protect", "What no rule is made on, neither by the agent nor by hand.")
    package static let protect = Endpoint<ProtectRequest, ChangeResult>(
        .post, "protect", "Protects prefixes by name, which lifts automatic rules on them.")
    package static let unprotect = Endpoint<UnprotectRequest, ChangeResult>(
        .post, "unprotect", "Takes off what was protected by name.")
    package static let pending = Endpoint<Nothing, PendingList>(
        .get, "pending", "Changes that are undone unless they are confirmed, the oldest first.")
    package static let confirm = Endpoint<ConfirmRequest, PendingList>(
        .post, "confirm", "Confirms changes; answers those.")
    package static let prove = Endpoint<ProveRequest, BanReport>(
        .post, "prove", "Has those prove their address who begin TCP connections to one, by hand.")
    package static let modes = Endpoint<Nothing, ModeReport>(
        .get, "mode", "How far the agent goes by itself, and for what.")
    package static let setMode = Endpoint<ModeRequest, ModeReport>(
        .post, "mode", "Changes the mode of a group at once.")
    package static let report = Endpoint<ReportQuery, NetworkReport>(
        .get, "report",
        "What each mode would do on this network, and whether to change it; from seven days ago on, or from `since`."
    )
    package static let audit = Endpoint<AuditQuery, AuditList>(.get, "audit", "Who did what, newest first.")
    package static let verifyAudit = Endpoint<AuditPart, AuditVerdict>(
        .get, "audit/verify",
        """
        Whether the audit trail is what was written: a part of it at a time. Where `last` is less than `newest`, ask again with \
        `last` and `head` as `after` and `hash`.
        """)
    package static let alerts = Endpoint<AlertQuery, AlertList>(
        .get, "alerts", "What was out of the ordinary.")
    package static let judge = Endpoint<FeedbackRequest, AlertReport>(
        .post, "alerts/{alert}/feedback", "Takes an operator's word on an alert.")
    package static let models = Endpoint<Nothing, ModelList>(
        .get, "models", "Every model that is kept, the one trained last first.")
    package static let model = Endpoint<ModelQuery, ModelDocument>(
        .get, "models/{id}", "The file of a model.")
    package static let challenge = Endpoint<ModelDocument, ModelReport>(
        .post, "models", "Puts a model on trial beside the one in use.")
    package static let promote = Endpoint<PromotionRequest, ModelReport>(
        .post, "models/promote", "Puts a model that is kept in use at once.")
    package static let keys = Endpoint<Nothing, ModelKeys>(.get, "keys", "Whose models are taken.")
    package static let explain = Endpoint<ExplainQuery, Explanation>(
        .get, "explain", "What happens to packets from an address, and why.")
    package static let top = Endpoint<TopQuery, TopList>(
        .get, "top", "The busiest sources or destinations now.")
    package static let flows = Endpoint<FlowQuery, FlowList>(
        .get, "flows", "The busiest flows of the latest reading.")
    package static let events = Endpoint<EventQuery, EventList>(
        .get, "events", "What happened, the oldest first: the latest of the last 1,000 since the start.")
    package static let followEvents = Endpoint<EventQuery, EventReport>(
        .get, "events/stream",
        """
        The same as JSON Lines, and then what happens as it does, until the agent ends; `limit` is how many of the past come \
        first (none, unless it is there). Who reads too slowly misses events, and is told how many with the next one.
        """)
    package static let settings = Endpoint<Nothing, SettingList>(
        .get, "config", "The configuration in use, and where each value is from.")
    package static let reload = Endpoint<Nothing, SettingList>(
        .post, "reload",
        "Reads the configuration again, and takes it over as a whole or not at all; answers what changed.")
}
