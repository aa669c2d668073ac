// Why: the container's bytes become files: parts → gzip → tar, in one streaming pass.
// Thread: one; it blocks in `read` and in the sink. No I/O of its own.
// Source: gzip RFC 1952 (several members in a row allowed), POSIX tar/pax; the container: docs/formats.md.
// What holds: the sink is only ever asked for names that the rules allow; links, devices, sparse tricks, absolute or
// parent paths, duplicate names, more output than allowed end the unpacking with Code::invalid ("refused").
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "content/metadata.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::content {

// Where unpacked files go. One file is open at a time: begin, data…, end.
class UnpackSink {
 public:
  virtual ~UnpackSink() = default;
  // `name` is relative to the model's folder ("<folder>", "<folder>-projector", "text_encoder/model.safetensors"),
  // already checked: plain components only. `size` is what the tar header promises.
  virtual Result<void> begin_file(const std::string& name, std::uint64_t size) = 0;
  virtual Result<void> data(ByteView bytes) = 0;
  virtual Result<void> end_file() = 0;
};

struct UnpackRules {
  std::string folder_name;
  Task task = Task::chat;          // chat and embed allow only "<folder>" and "<folder>-projector"
  std::uint64_t output_limit = 0;  // bytes of all files together
};

// The next bytes of the concatenated parts; empty means the end. Valid until the next call.
using ReadParts = std::function<Result<ByteView>()>;

Result<void> unpack(const ReadParts& read, const UnpackRules& rules, UnpackSink& sink);

}  // namespace eai::content
