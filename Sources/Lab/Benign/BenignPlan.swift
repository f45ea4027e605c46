import Foundation

/// What happens when: the whole course of a benign site, from its seed.
///
/// Nothing in it depends on how fast the programs are, so equal seeds give equal plans on every machine.
package struct BenignPlan {
    /// An errand with its time of beginning, in seconds at speed 1.
    package struct Entry: Hashable, Sendable {
        package let start: Double
        package let activity: String
        package let errand: Errand
    }

    private struct Stream {
        let habit: Neighbourhood.Habit
        let mean: Double
        var scene: Scene
        var next: Double
    }

    private var streams: [Stream]

    /// Plans the activities with these names; if there are none, all.
    init(_ network: BenignNetwork, folder: String, seed: UInt64, speed: Double, activities: Set<String>) {
        var draw = Draw(seed: seed)
        let neighbourhood = network.neighbourhood
        streams = neighbourhood.habits.map { habit in
            // No two sites are alike: each habit is up to three times rarer or more frequent than the kind's.
            let mean = 3600 / habit.perHour * (habit.isPeriodic ? 1 : exp(draw.real(-1.1...1.1)))
            let population = neighbourhood.population(of: habit.clients)
            let scene = Scene(
                network: network, folder: folder, speed: speed, clients: habit.clients,
                population: max(2, population * draw.number(50...150) / 100), draw: Draw(seed: draw.seed()))
            return Stream(habit: habit, mean: mean, scene: scene, next: draw.real(0...1) * mean)
        }.filter { activities.isEmpty || activities.contains($0.habit.activity.name) }
    }

    /// What begins next; the errands of one cause together.
    mutating func next() -> [Entry] {
        guard let index = streams.indices.min(by: { streams[$0].next < streams[$1].next }) else { return [] }
        let stream = streams[index]
        let entries = stream.habit.activity.errands(&streams[index].scene).map {
            Entry(start: stream.next + $0.delay, activity: stream.habit.activity.name, errand: $0)
        }
        streams[index].next +=
            stream.habit.isPeriodic ? stream.mean : streams[index].scene.draw.exponential(mean: stream.mean)
        return entries
    }
}
