/*
 * What a C compiler makes of the same loops: the native side of `npm run bench -- kernels`.
 *
 * One line in, `work dtype count runs`, one line out, `seconds check`: the best of `runs` calls, and the mean of the
 * result. Arrays stay from line to line as long as work, dtype and count do.
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Bases at powers of two apart would fight for the same cache sets: every array starts an odd number of lines on. */
#define SKEW (207 * 64)
#define ARRAYS 4

static char *blocks[ARRAYS];
static void *arrays[ARRAYS];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The numbers of bench/kernels/data.ts. */
static double uniform(uint32_t i, uint32_t seed) {
  return (double)(uint32_t)(i * 2654435761u + seed * 40503u) / 4294967296.0;
}

static int allocate(int count, size_t elements, size_t size) {
  for (int k = 0; k < ARRAYS; k++) {
    free(blocks[k]);
    blocks[k] = NULL;
  }
  for (int k = 0; k < count; k++) {
    if (posix_memalign((void **)&blocks[k], 4096, elements * size + (size_t)(k + 1) * SKEW) != 0) return 0;
    arrays[k] = blocks[k] + (size_t)(k + 1) * SKEW;
    memset(arrays[k], 0, elements * size);
  }
  return 1;
}

#define FILL(type)                                                                                       \
  static void fill_##type(int inputs, size_t n) {                                                        \
    for (int k = 0; k < inputs; k++)                                                                     \
      for (size_t i = 0; i < n; i++) ((type *)arrays[k])[i] = (type)(0.5 + uniform((uint32_t)i, (uint32_t)k + 1)); \
  }                                                                                                      \
  static double mean_##type(const type *x, size_t n) {                                                   \
    double s = 0;                                                                                        \
    for (size_t i = 0; i < n; i++) s += (double)x[i];                                                    \
    return s / (double)n;                                                                                \
  }
FILL(double)
FILL(float)

#define CHAIN(type, root, absolute)                                                                      \
  static __attribute__((noinline)) void chain_##type(const type *restrict a, const type *restrict b,     \
                                                     const type *restrict c, type *restrict out, size_t n) { \
    for (size_t i = 0; i < n; i++) out[i] = (a[i] * b[i] + c[i]) * 2 - root(absolute(a[i]));             \
  }
CHAIN(double, sqrt, fabs)
CHAIN(float, sqrtf, fabsf)

int main(void) {
  char line[256], work[64], dtype[32], last[160] = "";
  while (fgets(line, sizeof line, stdin) != NULL) {
    unsigned long long count;
    int runs;
    if (sscanf(line, "%63s %31s %llu %d", work, dtype, &count, &runs) != 4) return 2;
    size_t n = (size_t)count;
    int wide = strcmp(dtype, "float64") == 0;
    int inputs = strcmp(work, "chain") == 0 ? 3 : 1;
    char key[160];
    snprintf(key, sizeof key, "%s %s %llu", work, dtype, count);
    if (strcmp(key, last) != 0) {
      strcpy(last, key);
      if (!allocate(n == 0 ? 0 : inputs + 1, n, wide ? 8 : 4)) return 3;
      if (wide) fill_double(inputs, n);
      else fill_float(inputs, n);
    }
    double best = INFINITY;
    for (int run = 0; run < runs; run++) {
      double start = now();
      if (inputs == 1) memcpy(arrays[1], arrays[0], n * (wide ? 8 : 4));
      else if (wide) chain_double(arrays[0], arrays[1], arrays[2], arrays[3], n);
      else chain_float(arrays[0], arrays[1], arrays[2], arrays[3], n);
      double seconds = now() - start;
      if (seconds < best) best = seconds;
    }
    double check = n == 0 ? 0 : wide ? mean_double(arrays[inputs], n) : mean_float(arrays[inputs], n);
    printf("%.9f %.9g\n", best, check);
    fflush(stdout);
  }
  return 0;
}
