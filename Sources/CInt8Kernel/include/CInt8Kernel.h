/*
 * Scores rows by an int8 autoencoder, many rows at a time, with the processor's integer dot products.
 *
 * Integer arithmetic only: every variant gives the bits that `Autoencoder.scores(of:)` in Models gives. No I/O, no
 * state; a network is read only once it is made, so that threads may share it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Most inputs or outputs of a layer. */
#define INT8_WIDEST 4096

/* The instructions that dot products are made of. */
enum int8_variant {
	INT8_PORTABLE,
	INT8_AVX2,
	INT8_AVX_VNNI,
	INT8_AVX512_VNNI,
};

/* One dense layer: outputs * inputs weights, row by row; one bias and one multiplier (times 2^24) an output. */
struct int8_layer {
	uint32_t inputs;
	uint32_t outputs;
	const int8_t *weights;
	const int32_t *biases;
	const int32_t *multipliers;
};

/* A network with its weights in the order in which they are read. */
struct int8_network;

/* Whether this processor has the variant's instructions. */
int int8_supports(enum int8_variant variant);

/*
 * Packs a network. error_scales: one a feature, none negative, times 2^16. The layers fit together, and no row makes a
 * sum leave 32 bits, or its product with the multiplier 54, as IntegerLayer in Models sees to. NULL if there is no
 * memory, or a layer is wider than INT8_WIDEST.
 */
struct int8_network *int8_network_create(const struct int8_layer *layers, uint32_t count, const int32_t *error_scales);
void int8_network_destroy(struct int8_network *network);

/*
 * Scores `count` rows, one after another in `rows`: the sum over the features of the squared error, in 1/256 of the
 * feature's usual error. The variant must be supported.
 */
void int8_network_score(const struct int8_network *network, enum int8_variant variant, const int8_t *rows, size_t count,
			int32_t *scores);
