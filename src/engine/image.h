// Why: the kind of engine that draws: eai-image-engine.
// Thread: any; inspect_image_model blocks on the disk, image_arguments is pure.
// Source: image_engine/README.md.
// What holds: what each file is follows from its header (model/image_model.h). What the budget demands is decided once, at
// inspection, and written into the Launch with the reasons.
#pragma once

#include <string>
#include <vector>

#include "engine/devices.h"
#include "engine/kind.h"
#include "engine/memory.h"
#include "engine/model_spec.h"

namespace eai::engine {

extern const EngineKind k_image;

// `socket` is relative to the folder that the engine is started in.
std::vector<std::string> image_arguments(const ModelSpec& spec, const Launch& launch, const std::string& socket);

// Code::not_found or Code::invalid when a part that drawing needs is missing; the error names it.
Result<Inspection> inspect_image_model(const ModelSpec& spec, const std::vector<Device>& devices);

}  // namespace eai::engine
