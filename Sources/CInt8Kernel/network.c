#include "network.h"

#include <stdlib.h>

/* As in Autoencoder: the largest error of one feature. */
#define LARGEST_ERROR 480

static uint32_t parts(uint32_t number, uint32_t size)
{
	return (number + size - 1) / size;
}

static int pack(struct layer *packed, const struct int8_layer *layer)
{
	packed->quads = parts(layer->inputs, QUAD);
	packed->blocks = parts(layer->outputs, BLOCK);
	size_t size = (size_t)packed->blocks * packed->quads * BLOCK * QUAD;
	packed->outputs = calloc(packed->blocks * BLOCK, sizeof(packed->outputs[0]));
	packed->weights = calloc(size, sizeof(packed->weights[0]));
	packed->pairs = calloc(size, sizeof(packed->pairs[0]));
	if (!packed->outputs || !packed->weights || !packed->pairs)
		return 0;
	static const int place[QUAD] = { 0, 2, 1, 3 };
	for (uint32_t output = 0; output < layer->outputs; output++) {
		int32_t sum = 0;
		for (uint32_t input = 0; input < layer->inputs; input++) {
			int8_t weight = layer->weights[(size_t)output * layer->inputs + input];
			size_t quad = (size_t)(output / BLOCK) * packed->quads + input / QUAD;
			size_t first = (quad * BLOCK + output % BLOCK) * QUAD;
			packed->weights[first + input % QUAD] = weight;
			packed->pairs[first + place[input % QUAD]] = weight;
			sum += weight;
		}
		packed->outputs[output].bias = layer->biases[output] - 128 * sum;
		packed->outputs[output].multiplier = layer->multipliers[output];
	}
	return 1;
}

static void set_errors(struct layer *last, const int32_t *scales, uint32_t width)
{
	for (uint32_t feature = 0; feature < width; feature++) {
		int32_t most = LARGEST_ERROR << 16;
		int32_t scale = scales[feature] < most ? scales[feature] : most;
		last->outputs[feature].error_scale = scale;
		last->outputs[feature].error_limit = scale ? ((LARGEST_ERROR + 1) << 16) / scale + 1 : 0;
	}
}

struct int8_network *int8_network_create(const struct int8_layer *layers, uint32_t count, const int32_t *error_scales)
{
	for (uint32_t i = 0; i < count; i++)
		if (layers[i].inputs > INT8_WIDEST || layers[i].outputs > INT8_WIDEST)
			return NULL;
	struct int8_network *network = calloc(1, sizeof(*network) + count * sizeof(network->layers[0]));
	if (!network || !count) {
		free(network);
		return NULL;
	}
	network->width = layers[0].inputs;
	network->count = count;
	for (uint32_t i = 0; i < count; i++) {
		if (!pack(&network->layers[i], &layers[i])) {
			int8_network_destroy(network);
			return NULL;
		}
	}
	set_errors(&network->layers[count - 1], error_scales, network->width);
	return network;
}

void int8_network_destroy(struct int8_network *network)
{
	for (uint32_t i = 0; network && i < network->count; i++) {
		free(network->layers[i].outputs);
		free(network->layers[i].weights);
		free(network->layers[i].pairs);
	}
	free(network);
}
