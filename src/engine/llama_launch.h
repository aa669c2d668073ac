// Why: how llama-server is started for a model, and how much memory that takes.
// Thread: any; what reads files blocks on the disk, the rest is pure.
// Source: what llama.cpp v0.5.0 allocates on the processor, compared with llama-fit-params in llama_launch_test.cc.
#pragma once

#include "engine/memory.h"
#include "engine/model_spec.h"
#include "model/gguf.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::engine {

// What `spec` wishes, else defaults from what the file says.
Launch plan_launch(const ModelSpec& spec, const model::GgufInfo& info);
// Tokens that are taken in at once: for embeddings no more than one step, since the engine keeps the outputs of all of them.
std::uint32_t logical_batch(const ModelSpec& spec, const Launch& launch);

MemoryEstimate estimate_memory(const model::GgufInfo& info, const Launch& launch);

// Reads the headers of the model, its projector, its adapters and its draft model. Code::not_found if a file is missing,
// Code::invalid if one is not what it should be.
Result<Inspection> inspect_llama_model(const ModelSpec& spec);

// The header of a model, a projector or an adapter. The file must be as large as its header says.
Result<model::GgufInfo> read_gguf_file(const fs::path& path);

// All files of a model: the one that is given, or the pieces that llama.cpp loads when it is given the first of them.
std::vector<fs::path> pieces_of(const fs::path& gguf);

}  // namespace eai::engine
