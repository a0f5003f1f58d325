//! Who takes part: the treasury, its bureaus, counties and towns, schools, banks, a supervisor,
//! and the recipients; who passes money on to whom, and who signs for whom.

use uuid::Uuid;

use crate::ledger::registry::{PartyKind, Role};

use super::random::Random;

/// Somebody of the cast, by the number in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who(pub usize);

/// The registrar, who is there before everybody.
pub const REGISTRAR: Who = Who(0);
/// The treasury.
pub const TREASURY: Who = Who(1);
/// The supervisor.
pub const SUPERVISOR: Who = Who(2);
/// The two banks.
pub const BANKS: [Who; 2] = [Who(3), Who(4)];

/// The two bureaus: their areas.
const BUREAUS: [&str; 2] = ["North", "South"];
/// The counties: which bureau each is below, and its name.
const COUNTIES: [(usize, &str); 7] =
    [(0, "Lake"), (0, "Hill"), (0, "Ford"), (0, "Mill"), (1, "Bay"), (1, "Cape"), (1, "Reef")];
/// How many schools a county has.
pub const SCHOOLS: usize = 3;

/// A party of the cast.
#[derive(Clone, Debug)]
pub struct Member {
    /// What it is called.
    pub label: String,
    /// What it is.
    pub kind: PartyKind,
    /// How deep it stands.
    pub level: &'static str,
    /// Where.
    pub area: String,
    /// From whom its money comes.
    pub parent: Option<Who>,
    /// What its officers may sign; nobody signs for it when there are none.
    pub officers: Vec<Vec<Role>>,
    /// An officer of another party who has a key here too, as the last officer.
    pub shared: Option<(Who, u8)>,
}

/// Everybody.
#[derive(Clone, Debug)]
pub struct Cast {
    random: Random,
    registrar: Uuid,
    /// Everybody, in order of registration.
    pub members: Vec<Member>,
    /// The bureaus.
    pub bureaus: Vec<Who>,
    /// The counties.
    pub counties: Vec<Who>,
    /// Two towns of the first county, the second below the first.
    pub towns: Vec<Who>,
    /// The schools of each county.
    pub schools: Vec<Vec<Who>>,
    /// The recipients; the `n`-th lives in county `n` modulo their number.
    pub recipients: Vec<Who>,
}

impl Cast {
    /// Everybody but the schools that something is planted at.
    pub fn new(random: Random, recipients: u32) -> Self {
        let mut cast = Self {
            random,
            registrar: Uuid::nil(),
            members: Vec::new(),
            bureaus: Vec::new(),
            counties: Vec::new(),
            towns: Vec::new(),
            schools: Vec::new(),
            recipients: Vec::new(),
        };
        cast.offices();
        for number in 0..recipients {
            let county = cast.counties[usize::try_from(number).unwrap_or(0) % COUNTIES.len()];
            let area = cast.member(county).area.clone();
            let label = format!("R{:05}", number + 1);
            let who = cast.add(&label, PartyKind::Recipient, "", &area, Some(county), &[&[Role::Receiver]]);
            cast.recipients.push(who);
        }
        cast
    }

    fn offices(&mut self) {
        const PASSING: &[Role] = &[Role::Dispatcher, Role::Receiver];
        const TREASURER: &[Role] = &[Role::Allocator, Role::Dispatcher, Role::Receiver];
        self.add("Registry", PartyKind::Registrar, "registrar", "", None, &[]);
        self.add("Treasury", PartyKind::Treasury, "treasury", "", None, &[TREASURER, &[Role::Approver]]);
        let auditing: &[&[Role]] = &[&[Role::Caseworker, Role::Auditor], &[Role::Approver, Role::Supervisor]];
        self.add("Audit Office", PartyKind::Supervisor, "national", "", None, auditing);
        for name in ["Farmers Bank", "Coastal Bank"] {
            self.add(name, PartyKind::Provider, "bank", "", None, &[PASSING]);
        }
        for area in BUREAUS {
            let label = format!("{area} Bureau");
            let bureau = self.add(&label, PartyKind::Intermediary, "bureau", area, Some(TREASURY), &[PASSING, PASSING]);
            self.bureaus.push(bureau);
        }
        for (bureau, name) in COUNTIES {
            let (area, label) = (format!("{}/{name}", BUREAUS[bureau]), format!("{name} County"));
            let parent = Some(self.bureaus[bureau]);
            let county = self.add(&label, PartyKind::Intermediary, "county", &area, parent, &[PASSING, PASSING]);
            self.counties.push(county);
        }
        let mut parent = self.counties[0];
        for name in ["Upper Town", "Lower Town"] {
            let area = format!("{}/{name}", self.member(self.counties[0]).area);
            parent = self.add(name, PartyKind::Intermediary, "town", &area, Some(parent), &[PASSING]);
            self.towns.push(parent);
        }
        for county in self.counties.clone() {
            let schools = (1..=SCHOOLS).map(|number| self.school(county, &number.to_string())).collect();
            self.schools.push(schools);
        }
    }

    /// One more school of a county.
    pub fn school(&mut self, county: Who, name: &str) -> Who {
        let (label, area) = (format!("{} School {name}", self.label(county)), self.member(county).area.clone());
        self.add(&label, PartyKind::EndPayee, "school", &area, Some(county), &[&[Role::Receiver]])
    }

    /// A party off the route, which signs nothing.
    pub fn outside(&mut self, county: Who, name: &str) -> Who {
        let area = self.member(county).area.clone();
        self.add(name, PartyKind::Outside, "outside", &area, Some(county), &[])
    }

    fn add(
        &mut self,
        label: &str,
        kind: PartyKind,
        level: &'static str,
        area: &str,
        parent: Option<Who>,
        officers: &[&[Role]],
    ) -> Who {
        self.members.push(Member {
            label: label.to_owned(),
            kind,
            level,
            area: area.to_owned(),
            parent,
            officers: officers.iter().map(|roles| roles.to_vec()).collect(),
            shared: None,
        });
        Who(self.members.len() - 1)
    }

    /// Knows the registrar, which made its id itself when the chain began.
    pub fn begun(&mut self, registrar: Uuid) {
        self.registrar = registrar;
    }

    /// A member.
    pub fn member(&self, who: Who) -> &Member {
        &self.members[who.0]
    }

    /// What a member is called.
    pub fn label(&self, who: Who) -> &str {
        &self.member(who).label
    }

    /// The public id of a member.
    pub fn id(&self, who: Who) -> Uuid {
        match who {
            REGISTRAR => self.registrar,
            _ => self.random.id(&format!("party {}", self.label(who))),
        }
    }

    /// The public id of an officer, by number; the one after the last is the shared one.
    pub fn officer(&self, of: Who, number: u8) -> Uuid {
        match self.member(of).shared {
            Some((other, at)) if usize::from(number) == self.member(of).officers.len() => self.officer(other, at),
            _ => self.random.id(&format!("officer {number} of {}", self.label(of))),
        }
    }

    /// The bank of a recipient.
    pub fn bank(&self, recipient: Who) -> Who {
        BANKS[recipient.0 % BANKS.len()]
    }

    /// The county of a recipient, school or town.
    pub fn county(&self, of: Who) -> Who {
        let mut at = of;
        while let Some(parent) = self.member(at).parent.filter(|_| self.member(at).level != "county") {
            at = parent;
        }
        at
    }

    /// From whom to whom money comes to an office: the treasury first, the office last.
    pub fn way(&self, office: Who) -> Vec<Who> {
        let mut way = vec![office];
        let mut at = office;
        while let Some(parent) = self.member(at).parent {
            way.push(parent);
            at = parent;
        }
        way.reverse();
        way
    }
}
