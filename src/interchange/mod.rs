//! Files of other systems.
