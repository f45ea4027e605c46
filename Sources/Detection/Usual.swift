import RealModule
import Traffic

/// An entity's own usual score: a mean with a memory of an hour.
///
/// Who is odd all the time is let be. But it takes long acquaintance, so that an attack of some minutes does not become
/// usual while it goes on, and never counts for more than 1: nobody can earn the right to attack.
struct Usual {
    private static let memory = 3600.0
    /// As if it had been as everybody is for so long before.
    static let acquaintance: Duration = .seconds(600)
    private static let most = 1.0

    private var sum = 0.0
    private var length = 0.0
    private var updated: Timestamp?

    /// What to take off a score.
    var score: Double { min(Self.most, sum / (length + Self.acquaintance.seconds)) }

    /// Takes it that the entity has always been as odd as this: somebody who knows says so.
    mutating func settle(on score: Double) {
        length = Self.memory
        sum = score * (length + Self.acquaintance.seconds)
    }

    /// Adds a window's score, which stands for the time since the last one, but at most a second.
    mutating func add(_ score: Double, at time: Timestamp) {
        let passed = updated.map { min(max((time - $0).seconds, 0), 1) } ?? 0.2
        updated = time
        let decay = Double.exp(-passed / Self.memory)
        sum = sum * decay + score * passed
        length = length * decay + passed
    }
}

/// What is usual of each entity by one model's scores.
struct Usuals {
    /// By slot in the window builder, as far as there was anything to add.
    private var all: [Usual] = []

    /// An entity's; of one that nothing was added for, none is known.
    subscript(slot: Int) -> Usual {
        get { all.indices.contains(slot) ? all[slot] : Usual() }
        set {
            while all.count <= slot { all.append(Usual()) }
            all[slot] = newValue
        }
    }

    /// Another entity has the slot.
    mutating func forget(_ slot: Int) {
        if all.indices.contains(slot) { all[slot] = Usual() }
    }
}
