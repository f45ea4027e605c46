/* A packed network. Rows stand in the lanes of registers, sixteen at a time; outputs are computed eight at a time. */
#pragma once

#include "CInt8Kernel.h"

/* Rows that are scored at once. */
#define ROWS 16
/* Inputs that one 32-bit lane takes at a time. */
#define QUAD 4
/* Outputs that share one reading of the inputs: enough sums in flight to hide an instruction's latency. */
#define BLOCK 8

/* Whole quads of the widest layer, and the padding of a block. */
#define MOST_QUADS ((INT8_WIDEST + BLOCK) / QUAD)

/* The numbers of one output. */
struct output {
	/*
	 * Less 128 times the sum of the weights: activations are kept as bytes of 0...255, 128 being zero, because the
	 * dot products of VNNI take one factor without sign.
	 */
	int32_t bias;
	int32_t multiplier;
	/* Of the feature to compare the output with; last layer only. Both cut so that products fit 32 bits. */
	int32_t error_scale;
	int32_t error_limit;
};

/* A layer; outputs beyond the last, up to a whole block, are zero, and so are inputs up to a whole quad. */
struct layer {
	uint32_t quads;
	uint32_t blocks;
	/* [block][output of the block] */
	struct output *outputs;
	/* [block][quad][output of the block][input of the quad] */
	int8_t *weights;
	/* The same in 16 bits, in each quad in the order 0 2 1 3: what 16-bit products take. */
	int16_t *pairs;
};

struct int8_network {
	uint32_t width;
	uint32_t count;
	struct layer layers[];
};
