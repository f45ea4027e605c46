#pragma once
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

/* LZMA_CONCATENATED, whose macro Swift does not see through. */
static const uint32_t sluice_lzma_concatenated = LZMA_CONCATENATED;
