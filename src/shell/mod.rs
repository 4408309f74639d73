//! The shell: bash on the learner's machine, sh in containers.
