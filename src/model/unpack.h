// Why: the bytes of a container become files (parts → gzip → tar) in one pass. The pass can stop between any two bytes
// and go on in another process, so that a part can be deleted as soon as it is unpacked.
// Thread: one at a time. There is no I/O here: bytes are fed in, and files go to a sink.
// What holds: the sink is asked only for names that the rules allow. Links, devices, sparse files, absolute or parent
// paths, names that clash and more output than allowed end the unpacking with Code::invalid, and a stream that is
// broken or cut ends it with Code::corrupt. Other plain files inside the folder (a README, ".DS_Store", "._x") are
// skipped and not written, but count towards the output limit. After any error the Unpacker is spent, and every further
// call fails.
// Source: gzip RFC 1952 (several members in a row are allowed), POSIX tar and pax, GNU tar; docs/formats.md for the
// container.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/metadata.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::model {

struct UnpackedFile {
  std::string name;  // relative to the model's folder, as given to the sink
  std::uint64_t size = 0;
  bool operator==(const UnpackedFile&) const = default;
};

// Where unpacked files go. One file is open at a time: begin or resume, data…, end. An error ends the unpacking, which
// returns it.
class UnpackSink {
 public:
  virtual ~UnpackSink() = default;
  // `name` is relative to the model's folder ("<folder>", "<folder>-projector", "text_encoder/model.safetensors"),
  // already checked: plain components only. `size` is what the tar header promises.
  virtual Result<void> begin_file(const std::string& name, std::uint64_t size) = 0;
  // The bytes are valid during the call; mostly there are 64 KiB to 1 MiB of them.
  virtual Result<void> data(ByteView bytes) = 0;
  virtual Result<void> end_file() = 0;
  // Unpacker::resume calls it once if a file was open at the checkpoint: `name` goes on at `offset`. What lies after
  // the offset comes from a run that died, and is written again.
  virtual Result<void> resume_file(const std::string& name, std::uint64_t size, std::uint64_t offset) = 0;
};

struct UnpackRules {
  std::string folder_name;
  Task task = Task::chat;          // a text model's files are "<folder>" and "<folder>-projector" only
  std::uint64_t output_limit = 0;  // bytes of all files together, including skipped ones
};

class Unpacker {
 public:
  // `sink` must live as long as the Unpacker.
  Unpacker(UnpackRules rules, UnpackSink& sink);
  // Goes on where checkpoint() was taken: the next byte to feed is the one at consumed(). Calls sink.resume_file() if a
  // file was open. Code::corrupt if the checkpoint is damaged, comes from another build (of this program or of ISA-L)
  // or was made under other rules; the caller then starts over with the first part.
  static Result<Unpacker> resume(ByteView checkpoint, UnpackRules rules, UnpackSink& sink);
  Unpacker(Unpacker&&) noexcept;
  Unpacker& operator=(Unpacker&&) noexcept;
  ~Unpacker();

  // The next bytes of the joined parts, cut anywhere. When it returns, all of them are used, and what could be made of
  // them has been handed to the sink.
  Result<void> feed(ByteView bytes);

  // Call it after the last part. The gzip stream and the tar must have ended, and the model's file must have been
  // there.
  Result<void> finish();

  // The bytes fed so far, which is the offset in the joined parts.
  std::uint64_t consumed() const;

  // The state as bytes (about 100 KiB), with a digest. Before it is stored (write_file_atomic), the sink must have
  // synced everything that was handed to it (fdatasync, and the folder for new names). Only then may the parts before
  // consumed() be deleted. It may be taken at any time while no call has failed, not only between parts.
  Bytes checkpoint() const;

  // The files that are complete, in the order of the tar. After resume(), those from before are included.
  const std::vector<UnpackedFile>& files() const;
  // The file that is open now, with its promised size, and how much of it was handed to the sink.
  struct OpenFile {
    UnpackedFile file;
    std::uint64_t offset = 0;
  };
  std::optional<OpenFile> open_file() const;

 private:
  struct State;
  explicit Unpacker(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace eai::model
