// The stock mappings, put into the program by the compiler: Mappings/ stays the only place where they are written, and a
// change there compiles in a moment (SwiftPM's own embedding took 30 s for 200 KB). A test compares this list with the
// folder.
#include "stock.h"

// #embed is C23; clang knows it in every C.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char common[] = {
#embed "../../Mappings/common.yaml"
};
static const unsigned char dialects[] = {
#embed "../../Mappings/dialects.yaml"
};
static const unsigned char gen_ai[] = {
#embed "../../Mappings/gen-ai.yaml"
};
static const unsigned char properties[] = {
#embed "../../Mappings/properties.yaml"
};
static const unsigned char values[] = {
#embed "../../Mappings/values.yaml"
};

static const struct stock_file files[] = {
    {"common.yaml", common, sizeof common},
    {"dialects.yaml", dialects, sizeof dialects},
    {"gen-ai.yaml", gen_ai, sizeof gen_ai},
    {"properties.yaml", properties, sizeof properties},
    {"values.yaml", values, sizeof values},
};

size_t stock_file_count(void) { return sizeof files / sizeof files[0]; }

struct stock_file stock_file_at(size_t number) { return files[number]; }
