/* SPDX-License-Identifier: Apache-2.0 */
/* Swift's module Glibc leaves <malloc.h> out. */
#ifndef SLUICE_CMALLOC_SHIM_H
#define SLUICE_CMALLOC_SHIM_H

#include <malloc.h>

#endif
