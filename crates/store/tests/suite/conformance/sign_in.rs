use domain::ports::StoreError;
use domain::{
    Change, Identity, Link, LinkPurpose, PasswordHash, PeopleChange, Principal, Role, Session,
    SignInChange, Timestamp, Totp,
};

use super::Ports;
use crate::support::{hash, user};

async fn apply(store: &impl Ports, changes: Vec<SignInChange>) -> Result<(), StoreError> {
    store.apply(changes.into_iter().map(Change::SignIn).collect(), vec![]).await
}

async fn people(store: &impl Ports) {
    let people = [user("ada", Role::Owner), user("bob", Role::Reader)];
    let changes = people.into_iter().map(Change::CreateUser).collect();
    store.apply(changes, vec![]).await.unwrap();
}

fn session(id: &str, of: &str, at: i64) -> Session {
    Session {
        id: id.into(),
        user: of.into(),
        created_at: Timestamp(at),
        seen_at: Timestamp(at),
        proved_at: Timestamp(at),
        ends_at: Timestamp(at + 1_000_000),
        half: false,
        address: Some("127.0.0.1".into()),
        agent: "a browser".into(),
    }
}

fn opens(id: &str, of: &str, number: u64) -> SignInChange {
    SignInChange::OpenSession { session: session(id, of, 100), hash: hash(number) }
}

pub(crate) async fn a_session_is_found_by_its_hash_until_it_ends(store: &impl Ports) {
    people(store).await;
    let change = |change| apply(store, vec![change]);
    apply(store, vec![opens("sess_1", "ada", 1), opens("sess_2", "ada", 2)]).await.unwrap();
    let (found, of) = store.session(hash(1)).await.unwrap().unwrap();
    assert_eq!((found, of.id.as_str()), (session("sess_1", "ada", 100), "ada"));
    let prove =
        SignInChange::ProveSession { id: "sess_1".into(), hash: hash(3), at: Timestamp(500) };
    change(prove).await.unwrap();
    assert!(store.session(hash(1)).await.unwrap().is_none(), "the secret before is dead");
    let (found, _) = store.session(hash(3)).await.unwrap().unwrap();
    assert_eq!((found.proved_at, found.seen_at), (Timestamp(500), Timestamp(500)));
    change(SignInChange::EndSessionsOf { user: "ada".into(), but: Some("sess_1".into()) })
        .await
        .unwrap();
    assert_eq!(store.sessions_of("ada".into()).await.unwrap().len(), 1);
    change(SignInChange::EndSession("sess_1".into())).await.unwrap();
    assert!(store.session(hash(3)).await.unwrap().is_none());
    let gone = opens("sess_3", "nobody", 4);
    assert_eq!(apply(store, vec![gone]).await, Err(StoreError::NotFound));
}

pub(crate) async fn a_half_session_is_completed_once(store: &impl Ports) {
    people(store).await;
    let half = Session { half: true, ..session("sess_1", "ada", 100) };
    apply(store, vec![SignInChange::OpenSession { session: half, hash: hash(1) }]).await.unwrap();
    let complete =
        || SignInChange::CompleteSession { id: "sess_1".into(), hash: hash(2), at: Timestamp(200) };
    apply(store, vec![complete()]).await.unwrap();
    let (found, _) = store.session(hash(2)).await.unwrap().unwrap();
    assert!(!found.half);
    assert_eq!(apply(store, vec![complete()]).await, Err(StoreError::NotFound));
}

pub(crate) async fn a_session_outlives_roles_but_not_its_person(store: &impl Ports) {
    people(store).await;
    apply(store, vec![opens("sess_1", "ada", 1), opens("sess_2", "bob", 2)]).await.unwrap();
    let give = PeopleChange::Assign {
        to: Principal::User("bob".into()),
        project: None,
        role: "role-api-organization-owner".into(),
        at: Timestamp(200),
    };
    store.apply(vec![Change::People(give)], vec![]).await.unwrap();
    let (changed, _) = store.session(hash(2)).await.unwrap().unwrap();
    let (other, _) = store.session(hash(1)).await.unwrap().unwrap();
    assert_eq!((changed.proved_at, other.proved_at), (Timestamp(0), Timestamp(100)));
    let delete = PeopleChange::DeleteUser { id: "bob".into(), at: Timestamp(300) };
    store.apply(vec![Change::People(delete)], vec![]).await.unwrap();
    assert!(store.session(hash(2)).await.unwrap().is_none());
    assert!(store.session(hash(1)).await.unwrap().is_some());
    assert!(store.user_by_email("bob@example.com".into()).await.unwrap().is_none());
}

pub(crate) async fn a_link_works_once_and_in_its_time(store: &impl Ports) {
    people(store).await;
    let put = |number, ends| SignInChange::PutLink {
        link: Link {
            purpose: LinkPurpose::Reset,
            user: Some("ada".into()),
            subject: None,
            ends_at: Timestamp(ends),
        },
        hash: hash(number),
    };
    apply(store, vec![put(1, 500), put(2, 500), put(3, 900)]).await.unwrap();
    let found = store.link(hash(1)).await.unwrap().unwrap();
    assert_eq!((found.purpose, found.user), (LinkPurpose::Reset, Some("ada".into())));
    let take = |number, at| SignInChange::UseLink { hash: hash(number), at: Timestamp(at) };
    apply(store, vec![take(1, 499)]).await.unwrap();
    assert_eq!(apply(store, vec![take(1, 499)]).await, Err(StoreError::NotFound));
    assert_eq!(apply(store, vec![take(2, 500)]).await, Err(StoreError::NotFound), "too late");
    apply(store, vec![SignInChange::Sweep { at: Timestamp(600) }]).await.unwrap();
    assert!(store.link(hash(2)).await.unwrap().is_none());
    assert!(store.link(hash(3)).await.unwrap().is_some());
    let (purpose, user) = (LinkPurpose::Reset, Some("ada".into()));
    apply(store, vec![SignInChange::DropLinks { purpose, user }]).await.unwrap();
    assert!(store.link(hash(3)).await.unwrap().is_none());
}

pub(crate) async fn ways_in_are_kept_by_person(store: &impl Ports) {
    people(store).await;
    assert!(!store.anyone_signs_in().await.unwrap());
    let password = PasswordHash("$argon2id$x".into());
    let set = |password: &PasswordHash| SignInChange::SetPassword {
        user: "ada".into(),
        password: password.clone(),
        at: Timestamp(100),
    };
    apply(store, vec![set(&password)]).await.unwrap();
    assert!(store.anyone_signs_in().await.unwrap());
    let (found, ways) = store.user_by_email("ADA@Example.com".into()).await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), ways.password), ("ada", Some(password)));
    let taken = SignInChange::SetEmail {
        user: "ada".into(),
        email: "bob@example.com".into(),
        checked_at: None,
    };
    assert!(matches!(apply(store, vec![taken]).await, Err(StoreError::Conflict(_))));
}

pub(crate) async fn codes_are_taken_once(store: &impl Ports) {
    people(store).await;
    let totp = Totp { sealed: vec![1, 2], step: 10 };
    let user = || "ada".into();
    let set = SignInChange::SetTotp { user: user(), totp: Some(totp.clone()) };
    let codes = SignInChange::PutRecoveryCodes { user: user(), hashes: vec![hash(1), hash(2)] };
    apply(store, vec![set, codes]).await.unwrap();
    let ways = store.sign_in_of(user()).await.unwrap();
    assert_eq!((ways.totp, ways.recovery_codes), (Some(totp), 2));
    let step = |step| SignInChange::UseTotpStep { user: user(), step };
    apply(store, vec![step(11)]).await.unwrap();
    for taken in [10, 11] {
        assert_eq!(apply(store, vec![step(taken)]).await, Err(StoreError::NotFound));
    }
    let code = || SignInChange::UseRecoveryCode { user: user(), hash: hash(1) };
    apply(store, vec![code()]).await.unwrap();
    assert_eq!(apply(store, vec![code()]).await, Err(StoreError::NotFound));
    apply(store, vec![SignInChange::SetTotp { user: user(), totp: None }]).await.unwrap();
    let ways = store.sign_in_of(user()).await.unwrap();
    assert_eq!((ways.totp, ways.recovery_codes), (None, 0));
}

pub(crate) async fn an_identity_is_one_persons(store: &impl Ports) {
    people(store).await;
    let identity = |of: &str| Identity {
        issuer: "https://id.example".into(),
        subject: "1".into(),
        user: of.into(),
        email: "ada@example.com".into(),
        created_at: Timestamp(100),
    };
    apply(store, vec![SignInChange::LinkIdentity(identity("ada"))]).await.unwrap();
    let taken = apply(store, vec![SignInChange::LinkIdentity(identity("bob"))]).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))));
    let found = store.user_by_identity("https://id.example".into(), "1".into()).await.unwrap();
    assert_eq!(found.unwrap().0.id.as_str(), "ada");
    assert_eq!(store.identities_of("ada".into()).await.unwrap(), [identity("ada")]);
    let unlink =
        || SignInChange::UnlinkIdentity { user: "ada".into(), issuer: "https://id.example".into() };
    apply(store, vec![unlink()]).await.unwrap();
    assert_eq!(apply(store, vec![unlink()]).await, Err(StoreError::NotFound));
}
