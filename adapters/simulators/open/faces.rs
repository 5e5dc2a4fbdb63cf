//! What every partner of the open task form shows of its office, the same words for each.

/// Methods that hand on to the field `office`.
macro_rules! office_faces {
    () => {
        /// Where `/v1/tasks` begins.
        pub fn url(&self) -> &str {
            self.office.url()
        }

        /// Where its knobs are, and what else scripts want.
        pub fn admin_url(&self) -> &str {
            self.office.admin_url()
        }

        /// Its knobs; `only` takes a kind of task, or `ask`.
        pub fn knobs(&self) -> &crate::knobs::Knobs {
            self.office.knobs()
        }

        /// Says where results are posted; what waits goes there. Without it they are told only when asked for.
        pub fn call_back(&self, callback: crate::open::Callback) {
            self.office.call_back(callback);
        }

        /// Turns its clock forward; what comes due is done and posted.
        pub fn advance_ms(&self, ms: u64) {
            self.office.advance_ms(ms);
        }

        /// Turns its calendar forward; what ends with a day ends.
        pub fn set_date(&self, day: crate::day::Day) {
            self.office.set_date(day);
        }

        /// Every callback that was posted, in order.
        pub fn callbacks(&self) -> Vec<crate::open::CallbackRecord> {
            self.office.callbacks()
        }

        /// Nothing waits to be posted.
        pub fn all_posted(&self) -> bool {
            self.office.all_posted()
        }

        /// How many numbers it has taken.
        pub fn taken(&self) -> usize {
            self.office.taken()
        }

        /// Changes the agreed rate; counting starts anew.
        pub fn agree(&self, rate: Option<crate::rate::AgreedRate>) {
            self.office.agree(rate);
        }

        /// Calls above the agreed rate.
        pub fn violations(&self) -> Vec<crate::rate::Violation> {
            self.office.violations()
        }

        /// Calls with a right credential.
        pub fn calls(&self) -> u64 {
            self.office.calls()
        }

        /// Stops it: closes every connection and ends its thread.
        pub fn stop(self) {
            drop(self);
        }
    };
}

pub(crate) use office_faces;
