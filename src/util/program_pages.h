// Why: a server lives for weeks on what it needs to serve; the program text that only its start has used (options, catalog,
// hashing, the libraries' own beginnings) stays mapped all the same and counts as its memory, twice what it really takes.
// Thread: any.
// What holds: only pages of program text are let go, which are never written to: whoever runs through them again finds them
// in the page cache, or on the disk, as at the first time.
#pragma once

namespace eai {

// Harmless where it does nothing (macOS).
void let_go_of_program_pages();

}  // namespace eai
