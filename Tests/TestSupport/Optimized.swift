package import Testing

extension Trait where Self == ConditionTrait {
    /// For tests that train models or try stored attacks on them: a second with optimisation, minutes without.
    package static var optimized: Self {
        #if DEBUG
        .enabled(if: false, "takes minutes without optimisation; scripts/test builds with it")
        #else
        .enabled(if: true)
        #endif
    }
}
