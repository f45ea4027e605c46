package import Traffic

/// What was seen of one policy group (or of everything in none) over some time: what the choice of a mode rests on.
package struct TrackRecord: Hashable, Sendable {
    /// Seconds in each mode.
    package var watched: [Mode: Double] = [:]
    /// All that was seen and belongs to it, dropped or not.
    package var traffic = Count()
    package var toll = Toll()
    /// Automatic rules that were made: on sources, and on what was attacked.
    package var bans = 0
    package var limits = 0
    /// Of `bans`, those on sources that were well known, and those of these that no operator has judged.
    package var onKnown = 0
    package var unjudgedOnKnown = 0
    /// Of all these rules, those that an operator judged, and those that he called false.
    package var judged = 0
    package var wrong = 0
    /// When the latest of the false ones was made.
    package var lastWrong: Timestamp?

    package init() {}

    /// Seconds in which it was judged.
    package var judging: Double { watched.reduce(0) { $0 + ($1.key == .learn ? 0 : $1.value) } }
}
