--
-- PostgreSQL database dump
--

\restrict tN5b4VxP4y28ZuMocgYnCwuEB79qFUIJz3uToayUQHYudqw66uDTmZfsax8G36W

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: ballot; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ballot (
    id integer NOT NULL,
    study_id integer NOT NULL,
    task_id integer NOT NULL,
    rater_id integer NOT NULL,
    number integer NOT NULL,
    first_is_left boolean NOT NULL,
    purpose character varying(12) NOT NULL,
    strategy character varying(16) NOT NULL,
    propensity double precision NOT NULL,
    state character varying(8) NOT NULL,
    lease_until double precision NOT NULL,
    created double precision NOT NULL,
    closed double precision,
    revision integer NOT NULL,
    CONSTRAINT ballot_state CHECK (((state)::text = ANY ((ARRAY['queued'::character varying, 'open'::character varying, 'voted'::character varying, 'skipped'::character varying, 'expired'::character varying])::text[])))
);


--
-- Name: ballot_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.ballot_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: ballot_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.ballot_id_seq OWNED BY public.ballot.id;


--
-- Name: consent; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.consent (
    id integer NOT NULL,
    rater_id integer NOT NULL,
    version character varying(64) NOT NULL,
    language character varying(16) NOT NULL,
    at double precision NOT NULL
);


--
-- Name: consent_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.consent_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: consent_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.consent_id_seq OWNED BY public.consent.id;


--
-- Name: contact; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.contact (
    rater_id integer NOT NULL,
    text text NOT NULL
);


--
-- Name: event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.event (
    id integer NOT NULL,
    study_id integer NOT NULL,
    number integer NOT NULL,
    at double precision NOT NULL,
    actor character varying(32) NOT NULL,
    action character varying(32) NOT NULL,
    detail json NOT NULL,
    previous character varying(64) NOT NULL,
    sha256 character varying(64) NOT NULL
);


--
-- Name: event_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.event_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: event_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.event_id_seq OWNED BY public.event.id;


--
-- Name: media_token; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.media_token (
    token character varying(48) NOT NULL,
    ballot_id integer NOT NULL,
    slot character varying(40) NOT NULL,
    file text NOT NULL
);


--
-- Name: rater; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.rater (
    id integer NOT NULL,
    study_id integer NOT NULL,
    code character varying(16) NOT NULL,
    invite_sha256 character varying(64),
    key text,
    stage character varying(12) NOT NULL,
    verified character varying(8) NOT NULL,
    completion_code text NOT NULL,
    created double precision NOT NULL,
    finished double precision,
    CONSTRAINT rater_stage CHECK (((stage)::text = ANY ((ARRAY['invited'::character varying, 'calibration'::character varying, 'training'::character varying, 'rating'::character varying, 'finished'::character varying, 'stopped'::character varying, 'erased'::character varying])::text[]))),
    CONSTRAINT rater_verified CHECK (((verified)::text = ANY ((ARRAY['yes'::character varying, 'no'::character varying, 'unknown'::character varying])::text[])))
);


--
-- Name: rater_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.rater_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: rater_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.rater_id_seq OWNED BY public.rater.id;


--
-- Name: rater_session; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.rater_session (
    id integer NOT NULL,
    rater_id integer NOT NULL,
    token_sha256 character varying(64) NOT NULL,
    created double precision NOT NULL,
    last_seen double precision NOT NULL,
    revoked boolean NOT NULL
);


--
-- Name: rater_session_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.rater_session_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: rater_session_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.rater_session_id_seq OWNED BY public.rater_session.id;


--
-- Name: stimulus; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.stimulus (
    id integer NOT NULL,
    study_id integer NOT NULL,
    case_id integer NOT NULL,
    system_id integer,
    seed integer NOT NULL,
    source_sha256 character varying(64) NOT NULL,
    file text NOT NULL,
    seconds double precision NOT NULL
);


--
-- Name: stimulus_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.stimulus_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: stimulus_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.stimulus_id_seq OWNED BY public.stimulus.id;


--
-- Name: study; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.study (
    id integer NOT NULL,
    name character varying(64) NOT NULL,
    settings json NOT NULL,
    media text NOT NULL,
    playback_file text NOT NULL,
    playback_answer character varying(8) NOT NULL,
    salt text NOT NULL,
    status character varying(8) NOT NULL,
    created double precision NOT NULL,
    CONSTRAINT study_status CHECK (((status)::text = ANY ((ARRAY['open'::character varying, 'closed'::character varying])::text[])))
);


--
-- Name: study_case; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.study_case (
    id integer NOT NULL,
    study_id integer NOT NULL,
    "case" character varying(64) NOT NULL,
    prompt text NOT NULL
);


--
-- Name: study_case_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.study_case_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: study_case_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.study_case_id_seq OWNED BY public.study_case.id;


--
-- Name: study_element; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.study_element (
    id integer NOT NULL,
    case_id integer NOT NULL,
    "position" integer NOT NULL,
    name character varying(32) NOT NULL,
    role character varying(16) NOT NULL,
    phrase text NOT NULL,
    file text NOT NULL
);


--
-- Name: study_element_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.study_element_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: study_element_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.study_element_id_seq OWNED BY public.study_element.id;


--
-- Name: study_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.study_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: study_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.study_id_seq OWNED BY public.study.id;


--
-- Name: study_system; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.study_system (
    id integer NOT NULL,
    study_id integer NOT NULL,
    name text NOT NULL,
    revision text NOT NULL
);


--
-- Name: study_system_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.study_system_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: study_system_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.study_system_id_seq OWNED BY public.study_system.id;


--
-- Name: task; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.task (
    id integer NOT NULL,
    study_id integer NOT NULL,
    case_id integer NOT NULL,
    purpose character varying(12) NOT NULL,
    first_id integer NOT NULL,
    second_id integer,
    expected character varying(16),
    note text NOT NULL
);


--
-- Name: task_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.task_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: task_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.task_id_seq OWNED BY public.task.id;


--
-- Name: vote; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.vote (
    id integer NOT NULL,
    ballot_id integer NOT NULL,
    revision integer NOT NULL,
    question character varying(64) NOT NULL,
    answer character varying(16) NOT NULL,
    seconds double precision,
    played double precision,
    at double precision NOT NULL
);


--
-- Name: vote_current; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.vote_current AS
 SELECT vote.id,
    vote.ballot_id,
    vote.revision,
    vote.question,
    vote.answer,
    vote.seconds,
    vote.played,
    vote.at
   FROM (public.vote
     JOIN public.ballot ON (((ballot.id = vote.ballot_id) AND (ballot.revision = vote.revision))));


--
-- Name: vote_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.vote_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: vote_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.vote_id_seq OWNED BY public.vote.id;


--
-- Name: ballot id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ballot ALTER COLUMN id SET DEFAULT nextval('public.ballot_id_seq'::regclass);


--
-- Name: consent id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.consent ALTER COLUMN id SET DEFAULT nextval('public.consent_id_seq'::regclass);


--
-- Name: event id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event ALTER COLUMN id SET DEFAULT nextval('public.event_id_seq'::regclass);


--
-- Name: rater id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rater ALTER COLUMN id SET DEFAULT nextval('public.rater_id_seq'::regclass);


--
-- Name: rater_session id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rater_session ALTER COLUMN id SET DEFAULT nextval('public.rater_session_id_seq'::regclass);


--
-- Name: stimulus id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.stimulus ALTER COLUMN id SET DEFAULT nextval('public.stimulus_id_seq'::regclass);


--
-- Name: study id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study ALTER COLUMN id SET DEFAULT nextval('public.study_id_seq'::regclass);


--
-- Name: study_case id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_case ALTER COLUMN id SET DEFAULT nextval('public.study_case_id_seq'::regclass);


--
-- Name: study_element id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_element ALTER COLUMN id SET DEFAULT nextval('public.study_element_id_seq'::regclass);


--
-- Name: study_system id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_system ALTER COLUMN id SET DEFAULT nextval('public.study_system_id_seq'::regclass);


--
-- Name: task id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.task ALTER COLUMN id SET DEFAULT nextval('public.task_id_seq'::regclass);


--
-- Name: vote id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.vote ALTER COLUMN id SET DEFAULT nextval('public.vote_id_seq'::regclass);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.alembic_version (version_num) FROM stdin;
0001
\.


--
-- Data for Name: ballot; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.ballot (id, study_id, task_id, rater_id, number, first_is_left, purpose, strategy, propensity, state, lease_until, created, closed, revision) FROM stdin;
21	1	9	3	5	f	identical	check	0.3333333333333333	voted	1796055132.5412555	1796054232.5492172	1796054232.5791488	1
1	1	14	1	1	t	training	fixed	1	voted	1796055130.999566	1796054231.020267	1796054231.08968	1
2	1	15	1	2	f	training	fixed	1	voted	1796055131.1193306	1796054231.1272988	1796054231.165824	1
3	1	1	1	3	t	warmup	least-filled	0.25	voted	1796055131.184782	1796054231.220182	1796054231.2565398	1
22	1	4	3	6	f	warmup	least-filled	1	voted	1796055132.5968876	1796054232.6112535	1796054232.6431203	1
4	1	8	1	4	t	identical	check	0.3333333333333333	voted	1796055131.2754464	1796054231.288998	1796054231.3176801	1
5	1	2	1	5	f	warmup	least-filled	0.3333333333333333	voted	1796055131.3375533	1796054231.3573096	1796054231.3952503	1
6	1	4	1	6	t	warmup	least-filled	0.5	voted	1796055131.4079998	1796054231.4251156	1796054231.4641852	1
23	1	3	3	7	t	rating	informative	1	voted	1796055132.6609054	1796054232.6931453	1796054232.731189	1
7	1	3	1	7	f	rating	least-filled	1	voted	1796055131.4848268	1796054231.5012746	1796054231.5472653	1
8	1	10	1	8	t	identical	check	0.5	voted	1796055131.5649245	1796054231.5741358	1796054231.6096594	1
9	1	14	2	1	t	training	fixed	1	voted	1796055131.6809516	1796054231.6953773	1796054231.7311919	1
10	1	15	2	2	t	training	fixed	1	voted	1796055131.7491488	1796054231.7597353	1796054231.7928023	1
11	1	4	2	3	f	warmup	least-filled	0.3333333333333333	voted	1796055131.8090022	1796054231.8333185	1796054231.8689334	1
12	1	1	2	4	f	warmup	least-filled	0.5	voted	1796055131.8850203	1796054231.8992631	1796054231.9336014	1
13	1	9	2	5	f	identical	check	0.3333333333333333	voted	1796055131.9488478	1796054231.9608002	1796054231.9911976	1
14	1	2	2	6	t	warmup	least-filled	1	voted	1796055132.005416	1796054232.0207918	1796054232.0591285	1
15	1	3	2	7	t	rating	least-filled	1	voted	1796055132.0772462	1796054232.0951965	1796054232.132794	1
16	1	11	2	8	t	instructed	check	0.3333333333333333	voted	1796055132.1471562	1796054232.1556213	1796054232.1928945	1
17	1	14	3	1	f	training	fixed	1	voted	1796055132.2690835	1796054232.2752454	1796054232.3079243	1
18	1	15	3	2	f	training	fixed	1	voted	1796055132.3248692	1796054232.332983	1796054232.3636093	1
19	1	2	3	3	t	warmup	least-filled	0.3333333333333333	voted	1796055132.3768444	1796054232.399204	1796054232.4428928	1
20	1	1	3	4	f	warmup	least-filled	0.5	voted	1796055132.4652367	1796054232.4807026	1796054232.519173	1
\.


--
-- Data for Name: consent; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.consent (id, rater_id, version, language, at) FROM stdin;
1	1	0f8b2ec3c87e	en	1796054230.961221
2	2	0f8b2ec3c87e	en	1796054231.660845
3	3	0f8b2ec3c87e	en	1796054232.2415042
\.


--
-- Data for Name: contact; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.contact (rater_id, text) FROM stdin;
\.


--
-- Data for Name: event; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.event (id, study_id, number, at, actor, action, detail, previous, sha256) FROM stdin;
1	1	1	1796054220.136	organiser	created	{"systems": 2, "samples": 4}	0000000000000000000000000000000000000000000000000000000000000000	2d019ff3f48f8fc5a0b2d03310bc1cc1eeea7f0dd54976d3dd5fc4c86858322f
2	1	2	1796054230.915	organiser	invited	{"rater": "R-2KUZ82"}	2d019ff3f48f8fc5a0b2d03310bc1cc1eeea7f0dd54976d3dd5fc4c86858322f	4d484dc8c1c6516fc93bf152be4dd6d492913b1512737ea4309ffbe08d014ad1
3	1	3	1796054230.925	organiser	invited	{"rater": "R-6PTPEQ"}	4d484dc8c1c6516fc93bf152be4dd6d492913b1512737ea4309ffbe08d014ad1	570b29b19afaac975532f33ab71c52e9b725bd42896d60f9da6860795357393e
4	1	4	1796054230.934	organiser	invited	{"rater": "R-NGRCLN"}	570b29b19afaac975532f33ab71c52e9b725bd42896d60f9da6860795357393e	58b4c94bd73a9683b5f137ae62dbc7855e1a9ae0bd049a836395ea27297784fb
5	1	5	1796054230.959	R-2KUZ82	entered	{}	58b4c94bd73a9683b5f137ae62dbc7855e1a9ae0bd049a836395ea27297784fb	c53ac00edea924e1bd3fcddcd8879cb6bc2744e98b129c2cab4946641ce4c97d
6	1	6	1796054230.975	R-2KUZ82	stage	{"stage": "calibration"}	c53ac00edea924e1bd3fcddcd8879cb6bc2744e98b129c2cab4946641ce4c97d	871a02a9841824a53b49924502897a4aef3bef5acd190fd416a46ee87653d5ec
7	1	7	1796054230.978	R-2KUZ82	calibrated	{"sees_video": true}	871a02a9841824a53b49924502897a4aef3bef5acd190fd416a46ee87653d5ec	33d76e0c278a18e526e13f5b63286e91f65874fbd6a732a2526281ba885b1d46
8	1	8	1796054230.982	R-2KUZ82	stage	{"stage": "training"}	33d76e0c278a18e526e13f5b63286e91f65874fbd6a732a2526281ba885b1d46	3671e70fca25c5aed995d1fafd394cc48946ec51c6ddfc97ea5c8be8d300b61d
9	1	9	1796054231.103	R-2KUZ82	voted	{"ballot": 1, "revision": 1, "digest": "21d555edc62c115c8dc8259912c276231c5e068d49b09c4ea04fd6f74aaaee79"}	3671e70fca25c5aed995d1fafd394cc48946ec51c6ddfc97ea5c8be8d300b61d	72b49624172720bd12c2c20d8de8f4a5b901fc7d7ec72ae031a67ee3799e634f
10	1	10	1796054231.175	R-2KUZ82	voted	{"ballot": 2, "revision": 1, "digest": "6f95b53011487a36ca7ac930b4e2dc01532f541686eccccf451967373f7c2fd7"}	72b49624172720bd12c2c20d8de8f4a5b901fc7d7ec72ae031a67ee3799e634f	40ec84007cb0595e76c099b028bdadb896e6ed4e69a7e768ce5d22afcbba2f6f
11	1	11	1796054231.2	R-2KUZ82	stage	{"stage": "rating"}	40ec84007cb0595e76c099b028bdadb896e6ed4e69a7e768ce5d22afcbba2f6f	cd87f47e81be54fadf64afdc9df6fbbfe48d5501930a63586f08e240981a249f
12	1	12	1796054231.265	R-2KUZ82	voted	{"ballot": 3, "revision": 1, "digest": "39fdc033c4c99c3f09dde86669926a99d726c1b4b518adfad4176a12ef71d670"}	cd87f47e81be54fadf64afdc9df6fbbfe48d5501930a63586f08e240981a249f	c33f5f8480b55facb4198671596b998891109ce76cc8ba40ef5c259455068189
13	1	13	1796054231.325	R-2KUZ82	voted	{"ballot": 4, "revision": 1, "digest": "03aa19363ec887c15f64d7c633760a7ccaf3afe7683ada55c685ed26f5e2993e"}	c33f5f8480b55facb4198671596b998891109ce76cc8ba40ef5c259455068189	d0a4c540edae6c6ddaf85817629f04ac3e86288e2d8ab89ec07bb1013d158ab9
14	1	14	1796054231.399	R-2KUZ82	voted	{"ballot": 5, "revision": 1, "digest": "3de1d5edd34fea558acc52c103b9e278f06b99271eacca454c3bf7a51ea3e5f1"}	d0a4c540edae6c6ddaf85817629f04ac3e86288e2d8ab89ec07bb1013d158ab9	abf3f20272e3513af60bec304b291aa59ff3b0a97688576978c853c0ec5dace6
15	1	15	1796054231.472	R-2KUZ82	voted	{"ballot": 6, "revision": 1, "digest": "98392749512dee58a022b144be2f498701f8abbf7f4ea824ccd12473ff11c935"}	abf3f20272e3513af60bec304b291aa59ff3b0a97688576978c853c0ec5dace6	1892ef9a6c43c88c23da89e6d0e3f7fc4bb56a560c455d81aa527f4f851996fe
16	1	16	1796054231.555	R-2KUZ82	voted	{"ballot": 7, "revision": 1, "digest": "be5c72d5517a7d8583a4b2a4bab9b63e8aa59c4c94b4056d7ccfe83dc7982e43"}	1892ef9a6c43c88c23da89e6d0e3f7fc4bb56a560c455d81aa527f4f851996fe	62848c41b80caaf6819e7f51cf7b30c6fe5ed211a031bbfce9da4ec3a040bf30
17	1	17	1796054231.616	R-2KUZ82	voted	{"ballot": 8, "revision": 1, "digest": "b4a5c329c701bb5c294e43a53860820679d084a2c3859884228e77dd8d537445"}	62848c41b80caaf6819e7f51cf7b30c6fe5ed211a031bbfce9da4ec3a040bf30	ccd53670a16af745d7858cea471e56622d3db68ad7ce2d3485c522441676e454
18	1	18	1796054231.644	R-2KUZ82	stage	{"stage": "finished"}	ccd53670a16af745d7858cea471e56622d3db68ad7ce2d3485c522441676e454	f172ee1ba4955fe42cb66aa85cb46d6e947a70d9e3432bdfbdf3b1ba5444fae3
19	1	19	1796054231.66	R-6PTPEQ	entered	{}	f172ee1ba4955fe42cb66aa85cb46d6e947a70d9e3432bdfbdf3b1ba5444fae3	a07ea5552bcdf5f4cf580d720c8ded308246b71ba9a7f9c52656695b54379a77
20	1	20	1796054231.669	R-6PTPEQ	stage	{"stage": "calibration"}	a07ea5552bcdf5f4cf580d720c8ded308246b71ba9a7f9c52656695b54379a77	40a38dbe22cb7ce3cc8e71bd840abf1295077a2a316359afb41d59df656d99eb
21	1	21	1796054231.67	R-6PTPEQ	calibrated	{"sees_video": true}	40a38dbe22cb7ce3cc8e71bd840abf1295077a2a316359afb41d59df656d99eb	9fcc65506409af59ff24a0e8c83a78b14e20947afbc306df1396a2a5eff2ccb7
22	1	22	1796054231.673	R-6PTPEQ	stage	{"stage": "training"}	9fcc65506409af59ff24a0e8c83a78b14e20947afbc306df1396a2a5eff2ccb7	8cc880af25efa1819fc18d243dca8c1f433a00dc740fb620e7d45becaec4757d
23	1	23	1796054231.741	R-6PTPEQ	voted	{"ballot": 9, "revision": 1, "digest": "fcacf663fda2e9af12f6179d9a098e7df6b17bd9b01a5898d8664aba6e3d5086"}	8cc880af25efa1819fc18d243dca8c1f433a00dc740fb620e7d45becaec4757d	7cb3cba069aafca58c157d5d91cfb1a648000870672073e767463cd0e9b05088
24	1	24	1796054231.8	R-6PTPEQ	voted	{"ballot": 10, "revision": 1, "digest": "4643ec84118aca67a0ac948421ec8d1525f788520339198476fc8113aca44f73"}	7cb3cba069aafca58c157d5d91cfb1a648000870672073e767463cd0e9b05088	57e9010073e04e21e412d63f5a76477b6919144d88f451f831e056a1529d0662
25	1	25	1796054231.819	R-6PTPEQ	stage	{"stage": "rating"}	57e9010073e04e21e412d63f5a76477b6919144d88f451f831e056a1529d0662	ab70ba901930e0efb2133242e9e43dff32546efb5e29a796f60f64c6560ebe0c
26	1	26	1796054231.878	R-6PTPEQ	voted	{"ballot": 11, "revision": 1, "digest": "c42cb2f23387ad83ca1422f62784e23dd9be659074878666d31a8df598fc1c41"}	ab70ba901930e0efb2133242e9e43dff32546efb5e29a796f60f64c6560ebe0c	86ffd1e6283ad00a586673840c5bb405d12d7ba9eea6e0c21353191fa1d53b6a
27	1	27	1796054231.94	R-6PTPEQ	voted	{"ballot": 12, "revision": 1, "digest": "b207470dbac979e5a36b2c89d3fdd5f62ab651363ae64ce0de4bc8d180e5b201"}	86ffd1e6283ad00a586673840c5bb405d12d7ba9eea6e0c21353191fa1d53b6a	4ba47a97beac78c8979e01f2e8b4db49d1a8a8cd23a753a3667311c44014571c
28	1	28	1796054231.995	R-6PTPEQ	voted	{"ballot": 13, "revision": 1, "digest": "2127d8a3f96763d73ee1a3767dd8995b0cbcb6b4c6a877ac9748d304d79e6f08"}	4ba47a97beac78c8979e01f2e8b4db49d1a8a8cd23a753a3667311c44014571c	2cd8002e292821dd3f938a336c81c1969976ed0a4363c1499b3df361865f266f
29	1	29	1796054232.067	R-6PTPEQ	voted	{"ballot": 14, "revision": 1, "digest": "6d507322c87470b99e6cecb586dce8d4a46dbc441faf441ce79f40543145c60d"}	2cd8002e292821dd3f938a336c81c1969976ed0a4363c1499b3df361865f266f	5b2584d8d64b8f5245b893492d8d82cd3ed5dbc38247c3a60fb48f4ac2ec777d
30	1	30	1796054232.137	R-6PTPEQ	voted	{"ballot": 15, "revision": 1, "digest": "6d108ae8c599cb0032dc033fb0f10fad79a7edb21531eeb0640d8b314218faef"}	5b2584d8d64b8f5245b893492d8d82cd3ed5dbc38247c3a60fb48f4ac2ec777d	3dedd5b7dd99313ced64f7b980e6cefee81bbaa621ae956a1781d00a3e0fdf55
31	1	31	1796054232.199	R-6PTPEQ	voted	{"ballot": 16, "revision": 1, "digest": "667797239ccb253d27690cf5f4ad16f70bf820065f65323a76d767f5f8be39eb"}	3dedd5b7dd99313ced64f7b980e6cefee81bbaa621ae956a1781d00a3e0fdf55	d2fa36b470dc239da364f126de16adf700853bf72d1c489764214b9a2933ad7f
32	1	32	1796054232.224	R-6PTPEQ	stage	{"stage": "finished"}	d2fa36b470dc239da364f126de16adf700853bf72d1c489764214b9a2933ad7f	dd097194ddf3bd39b024eaaf397c57e1afaff4fd1511414770e87cbae7397829
33	1	33	1796054232.24	R-NGRCLN	entered	{}	dd097194ddf3bd39b024eaaf397c57e1afaff4fd1511414770e87cbae7397829	b1a51d201610abf02dbc9671c54df1c7d5073d6503210981176da70421cd1861
34	1	34	1796054232.244	R-NGRCLN	stage	{"stage": "calibration"}	b1a51d201610abf02dbc9671c54df1c7d5073d6503210981176da70421cd1861	a1af45383a023695e0a229eeac49e63d2b28c48890363d452f6bc81a09bf8412
35	1	35	1796054232.251	R-NGRCLN	calibrated	{"sees_video": true}	a1af45383a023695e0a229eeac49e63d2b28c48890363d452f6bc81a09bf8412	94ac3676db836852474ee3177b47a82bcff943d8616fb8eb9328cfcd543c977d
36	1	36	1796054232.254	R-NGRCLN	stage	{"stage": "training"}	94ac3676db836852474ee3177b47a82bcff943d8616fb8eb9328cfcd543c977d	ced6045d694389e2f5e8e438bca910169f32b7453cbb35a397fb52abecf577cb
37	1	37	1796054232.315	R-NGRCLN	voted	{"ballot": 17, "revision": 1, "digest": "dee765eb05371228782a1809ecf3ee7967ecedd38e454283955d71165ab19347"}	ced6045d694389e2f5e8e438bca910169f32b7453cbb35a397fb52abecf577cb	aa9d49181c2369c4bf9b9771e0f883b4069e0a2d93b1ce1d8f8e1e38898180f5
38	1	38	1796054232.371	R-NGRCLN	voted	{"ballot": 18, "revision": 1, "digest": "d258237e5b625a6de6fba111105a47d607e79726c3bf56c902c13a351c7f6500"}	aa9d49181c2369c4bf9b9771e0f883b4069e0a2d93b1ce1d8f8e1e38898180f5	a1d3042898de71ed216bae0e4702971d0bbc965b31bb88239b95987bde826cca
39	1	39	1796054232.391	R-NGRCLN	stage	{"stage": "rating"}	a1d3042898de71ed216bae0e4702971d0bbc965b31bb88239b95987bde826cca	9733b6a578725eff195ba5594792de340c947c52fe4ee1fa71474fd796c7a881
40	1	40	1796054232.454	R-NGRCLN	voted	{"ballot": 19, "revision": 1, "digest": "bb40a1482305f74e3c30d811acac34f5cad6d319a0daa31a7c80ded8cbf998d9"}	9733b6a578725eff195ba5594792de340c947c52fe4ee1fa71474fd796c7a881	b9c10a630363921bef1e339466c7e0f161de82f591ed2b79d4e6839a76c5201a
41	1	41	1796054232.529	R-NGRCLN	voted	{"ballot": 20, "revision": 1, "digest": "f80a7c7eac4172effb40d2227ca084f8bead15f8f2625a3bc8518fdc43c80119"}	b9c10a630363921bef1e339466c7e0f161de82f591ed2b79d4e6839a76c5201a	3ce47827fd83685fab7cc1c59d0aef11083c02b058b29a08a35cdb3ec734bfa3
42	1	42	1796054232.591	R-NGRCLN	voted	{"ballot": 21, "revision": 1, "digest": "d3b23a3ace2cb44e2798cb9499d0cbc9893c8f35e89c3973506d63766e4483fb"}	3ce47827fd83685fab7cc1c59d0aef11083c02b058b29a08a35cdb3ec734bfa3	e032efb3e414eefdaca27b6077cdf7ba972fba0ba2bfce4efc0cf89cde46595f
43	1	43	1796054232.65	R-NGRCLN	voted	{"ballot": 22, "revision": 1, "digest": "cda251f03536ec7df9b0c0c8b631a7e074046d2905d91e6f01baf4c3242cfc92"}	e032efb3e414eefdaca27b6077cdf7ba972fba0ba2bfce4efc0cf89cde46595f	81574b38f33b5a7b3cabf922e21eb5af371151ce8e0af1d413c947d208be260d
44	1	44	1796054232.739	R-NGRCLN	voted	{"ballot": 23, "revision": 1, "digest": "90ca185d60f10438e1b046c8b74dc166c783f367ba5e83ea47364b9f54b13b6d"}	81574b38f33b5a7b3cabf922e21eb5af371151ce8e0af1d413c947d208be260d	21f188a17f20a64a108c52cab69553ff675500a15045ed024d8ebacf26c131bb
45	1	45	1796054232.771	R-NGRCLN	stage	{"stage": "finished"}	21f188a17f20a64a108c52cab69553ff675500a15045ed024d8ebacf26c131bb	4d5262a9a283d1c03bb5e8288a3705f590daddb31f400a2e572eec4440c15d64
46	1	46	1796054239.796	organiser	invited	{"rater": "R-LSNJYJ"}	4d5262a9a283d1c03bb5e8288a3705f590daddb31f400a2e572eec4440c15d64	77625719c48478d5da9766d725da6850eaaa7d0eea17f95e9da97b6930ed6c6e
\.


--
-- Data for Name: media_token; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.media_token (token, ballot_id, slot, file) FROM stdin;
wUjZWtaO8vsc2_lYck9XJ0qOC13eR-Bg	1	left	6754c75b3b78803bea6e9405.mp4
3j-49PgEs7FGasBh11dqzPFSNJU-LCgG	1	right	fddfac8065067c1090a375e4.mp4
cYM8CxE9Br0qrHJEdQEYE-tLbo6uavYf	1	character	becab5f04d524c0bcd602211.jpg
OgwVKvTa9ItvomUXXbWsXa4PQTp5Ig6T	1	object	496d400efe200910463fd812.jpg
xNwRWZTHzjQXHzNu0hk4pv-o38CBU5dw	2	left	fddfac8065067c1090a375e4.mp4
L77w7OjOS-TQlEc-j5qRcxqpwKzPwhQd	2	right	fddfac8065067c1090a375e4.mp4
hll1AZZA38TLKjnGdSDCgREIu95VOkA8	2	character	becab5f04d524c0bcd602211.jpg
vI1qfmDoGYl9ZzYAauHYWEEfiP5heBVd	2	object	496d400efe200910463fd812.jpg
Nvx75rAFQl8ORGZUfiu_63x8jlY2D2I9	3	left	9095aae161a4051f39e15898.mp4
WbSh1u2tBsrZhKmTpuYX2cNT3IXOmwyy	3	right	5a909451bbc2110948a0d25d.mp4
d45Kre-IVrCER3X0MaEFPF7KFX6O76jh	3	character	becab5f04d524c0bcd602211.jpg
z6vkcNvBRbzW6Bew0F0fhcmrlixW0RwT	3	object	496d400efe200910463fd812.jpg
VJkKvnPQNTIYZ2uFuf0epucg3ZCLom48	4	left	9774f8e85373b189d96737c3.mp4
dN6FFv91moKZxg-fiLQo0Dpt3au1TIxy	4	right	9774f8e85373b189d96737c3.mp4
o_dmqdb6_pAvGAkPQ8Y-E8XG9wtQ-6Yp	4	character	481c55aa395dc3599b72e896.jpg
9_tYqM1GsscO2O5DMAq9W0Of2Q4ZZehn	4	object	e546bf89631997f59169aa56.jpg
2UWmnDOu4qZS2s85L2rRXcE69Hrcn4xy	4	background	c32ce6e1fabd946f749a2cd5.jpg
CrrVJxISgG9pXQrvCk4nWGo7MVgy0J1r	5	left	6754c75b3b78803bea6e9405.mp4
cMVJvxhVh_BPCeAwHzN2KfVh7mWryyGO	5	right	e64f28326e41bbd558aa0818.mp4
qgVEPpEmxnP0OCm7LlSKi9CQwzzHz53A	5	character	becab5f04d524c0bcd602211.jpg
kh_5UWggrOm7BdWZbY9RNzAOq_KUCrUK	5	object	496d400efe200910463fd812.jpg
3HOAcnHWwQSuq_AqntWuY4RdHhczdQPr	6	left	975f13ee34913b8b32a6f50f.mp4
DkCB5mHdMDFy5ZupH-gQRlI-6knRi7MQ	6	right	f0a02fa2f1481cceba84f7ac.mp4
kMrPFdeJOVOahwm-BPDvwVZIyqO-bEsR	6	character	481c55aa395dc3599b72e896.jpg
Uc90pxzd2YVOWpQbM2b6tKH6KpP-NwGc	6	object	e546bf89631997f59169aa56.jpg
5SSI3hwJPpEzibCPx3vS1hN_EoMUWaIP	6	background	c32ce6e1fabd946f749a2cd5.jpg
r4su6LW9QYQWiCv-IzVB3Qhj67URw8vf	7	left	9774f8e85373b189d96737c3.mp4
Lo1UJKPzBXWPGzv-8GTzKh-ckd0MLABJ	7	right	6c7c4b4e162bb90e245f93f9.mp4
Go_oE6Dqmz9kedTVlZXGLoNXyVGAzFMC	7	character	481c55aa395dc3599b72e896.jpg
Ol6VP1Ohn7zJzBFm4WfWn5C3i4TFbZus	7	object	e546bf89631997f59169aa56.jpg
y4vh_vHcj4mwHFjpGcdlewHOZpu_0mQC	7	background	c32ce6e1fabd946f749a2cd5.jpg
VXZbHftwFkMS4R38Ov3MznMEoYvVLSmX	8	left	5a909451bbc2110948a0d25d.mp4
kPQs5d6qvsBzfTaMv67UWNLBHmlN-K9i	8	right	5a909451bbc2110948a0d25d.mp4
6oSfqcbMHueZ9QdaKYOYTvd_IVU1-Gym	8	character	becab5f04d524c0bcd602211.jpg
5LU-IudEsq6TJczKOhyBUUrNW1oaNWNn	8	object	496d400efe200910463fd812.jpg
M-aew4C2HbotfJLhp28Ay2Vtjs6jRHEa	9	left	6754c75b3b78803bea6e9405.mp4
rD34-F01zsZ7lvNxarAhvq4ucSfCX3Re	9	right	fddfac8065067c1090a375e4.mp4
nsvYMpC0A47j6MXVj1XsgdNtgeNRpXrY	9	character	becab5f04d524c0bcd602211.jpg
8NzBnqjrB2qXCsvGkHyQbaTbp5LRYW_d	9	object	496d400efe200910463fd812.jpg
ulCG5AaGNh87MCuQRjOFZTNsmdjMW3xe	10	left	fddfac8065067c1090a375e4.mp4
q_DFImRF40QBC6fAbadU7m35cVRkq6f8	10	right	fddfac8065067c1090a375e4.mp4
TwGIPmmUpM8KytiJUtUbIBqSMT3Z10ni	10	character	becab5f04d524c0bcd602211.jpg
5hZ79_Pwd5fnmZ2VQYuf93GmveYvxcOO	10	object	496d400efe200910463fd812.jpg
wMNcdJkikJmaXGdWI8E__zmcW7pUbOdj	11	left	f0a02fa2f1481cceba84f7ac.mp4
p1mPUO1PFObWQrJcZHi0zlc9b8aCrOSV	11	right	975f13ee34913b8b32a6f50f.mp4
59YL2-W4-1LHHBB5IAeUb6ZZBN1PcDHz	11	character	481c55aa395dc3599b72e896.jpg
gM5Jbbm95cGRJfIerl23B4qXC6prwObv	11	object	e546bf89631997f59169aa56.jpg
GbWAZoxduPjNjdBR1wkF8b66WIziqjGS	11	background	c32ce6e1fabd946f749a2cd5.jpg
NVNN2HdXKWZL3izd1hjhBCCioL_7r2nO	12	left	5a909451bbc2110948a0d25d.mp4
lve7h9DqIC00XogsRzXi45LXBLBfsMwN	12	right	9095aae161a4051f39e15898.mp4
pX7knzCIV-DfYaV4qLx1WkZZSskDaz0z	12	character	becab5f04d524c0bcd602211.jpg
ape9iqQhGNIDWkUDd6fFVTwV4T0AAiqN	12	object	496d400efe200910463fd812.jpg
uNK4_B4hqFgJR_nfvyF4KIbgMJAbtjnO	13	left	f0a02fa2f1481cceba84f7ac.mp4
b_GAkLvPLq6unr8HCrXmNATnBsr2JfDb	13	right	f0a02fa2f1481cceba84f7ac.mp4
uTuVBfpnmRImaPSi1TFDmzdEOoW3FUNm	13	character	481c55aa395dc3599b72e896.jpg
L8fX630AuqElmQZ-NtR-Vs1TD5sC1M5a	13	object	e546bf89631997f59169aa56.jpg
rZkxWZAcJEL_iLIMx0q_6Nq0c7qQUujJ	13	background	c32ce6e1fabd946f749a2cd5.jpg
22C6UGEN3DOqgv5cI4-MLZbqLkrYwrdx	14	left	e64f28326e41bbd558aa0818.mp4
746zyP6_npG83I6tgAjAjHw8bP7vPzBr	14	right	6754c75b3b78803bea6e9405.mp4
pDrZqwmZ-6CfQYVcd7QIST-V33wlI3F6	14	character	becab5f04d524c0bcd602211.jpg
2Ti4BU-V9hD6wfQGTDTD5rXTPh_FmwYm	14	object	496d400efe200910463fd812.jpg
uS0q_z0ssOKKhJ8lAXHq8-9HO_Ne7HJ5	15	left	6c7c4b4e162bb90e245f93f9.mp4
7kcjm8n1yvgA2eijvlIl-BOmwPkKVcnQ	15	right	9774f8e85373b189d96737c3.mp4
Tq7S9zOZQka9JkwDdHCgUILNaG8JMtix	15	character	481c55aa395dc3599b72e896.jpg
qleMI98VN991hSx-oJf3DNIWTYP39QY3	15	object	e546bf89631997f59169aa56.jpg
eFwxJfSq2uwWUyIm1nQnhZmFtCr6ztl2	15	background	c32ce6e1fabd946f749a2cd5.jpg
o5H0F6QJ84bcg3ANMJ7aF9UhjAPrzCyy	16	left	9774f8e85373b189d96737c3.mp4
8mxz_zzKPcgpivrb3Xs1Ml3YvD5GpW0u	16	right	6c7c4b4e162bb90e245f93f9.mp4
infZfbXewunrDmgEnqBwQL_sx2Ya4ZpO	16	character	481c55aa395dc3599b72e896.jpg
wG16zxU-pWhAsWgfS2JaNIwhuxVmhHU7	16	object	e546bf89631997f59169aa56.jpg
ubi4EBUJHBhI7QySdqTVk89kDSd5CFdm	16	background	c32ce6e1fabd946f749a2cd5.jpg
7SriKgC7CJ7ZorXZ0zbab_01zLJfGX9l	17	left	fddfac8065067c1090a375e4.mp4
WPLm8YyT4ElhzvvE-rhNznVqHt1lppW0	17	right	6754c75b3b78803bea6e9405.mp4
b-Ihw0pO7Frc3dyRuFQcQludmEPqtoYK	17	character	becab5f04d524c0bcd602211.jpg
L2nb4IMHzWI4Z2SKRVVbUdGYVOruF7h3	17	object	496d400efe200910463fd812.jpg
KDwzrB7-tJFT5ToLHgbEuWRobvmqLZzu	18	left	fddfac8065067c1090a375e4.mp4
nOSkfJkuU5HPgPAdia9dXju4n2RSxO88	18	right	fddfac8065067c1090a375e4.mp4
vAT1p43YpUeGlA93y_ucQfOFCEfirDa_	18	character	becab5f04d524c0bcd602211.jpg
MqdCsFtC4FEH2dMUditWg7T13VEg6LWD	18	object	496d400efe200910463fd812.jpg
np_lXJwm_J4GJWow2DStEofDrDQ6w4K-	19	left	e64f28326e41bbd558aa0818.mp4
FKqBDyqRVvcZ49A-PiZvr3Icr-PtxDcU	19	right	6754c75b3b78803bea6e9405.mp4
ZhC8Z6lN7CjR6b5JrweKOMg_YpgTuyYz	19	character	becab5f04d524c0bcd602211.jpg
F6xWpsp1AzOsAJqsrANJ4netmONXE6IF	19	object	496d400efe200910463fd812.jpg
aIv9uk9MzjcEO2p3ZoakUENz7OBTM-BB	20	left	5a909451bbc2110948a0d25d.mp4
PUiDcuQNrUQe7dyPCJ5qJ04rSdZYmmRo	20	right	9095aae161a4051f39e15898.mp4
08I-GNW3khO6OriC_osm4y93DbFDDp6g	20	character	becab5f04d524c0bcd602211.jpg
zv5korPmJxG-y9VKk7xbj3OOczSYDd_Y	20	object	496d400efe200910463fd812.jpg
PkUNncW9elEeOFvYy2DNEGVqOS4AHffB	21	left	f0a02fa2f1481cceba84f7ac.mp4
__cgKPZ-GJaUtRzsv52gqf-oU7DB3rxb	21	right	f0a02fa2f1481cceba84f7ac.mp4
N3iZw_eqJ5eBadOtaWr6NactAVRDHdqB	21	character	481c55aa395dc3599b72e896.jpg
qr7YUbbdb2ksETUIsdljyfjZ9cJUXx1a	21	object	e546bf89631997f59169aa56.jpg
EDtwcwT-2lfYZTFjDoJmZlbsZl5zgRjP	21	background	c32ce6e1fabd946f749a2cd5.jpg
rbR4fRuot7mDDQKbzCK9AaYKweEF5_86	22	left	f0a02fa2f1481cceba84f7ac.mp4
VSO1lu-NKPRJeKHlriwsO3wFeCzrDdQ6	22	right	975f13ee34913b8b32a6f50f.mp4
32TOba2IFUGKaaVkv5QXCWU5jhEotyLH	22	character	481c55aa395dc3599b72e896.jpg
dQ-YqPBuyCOaLWKysePtOO16JvhEjP8m	22	object	e546bf89631997f59169aa56.jpg
mrETrN6fNq6Mo4xWBknu_FCP5kcEwyLU	22	background	c32ce6e1fabd946f749a2cd5.jpg
UWlXIjHRGGVA0vuojFth00NpNXUi-Zsz	23	left	6c7c4b4e162bb90e245f93f9.mp4
ERu0t8BjvaRAOtoMALkMRsUACiB7QHO9	23	right	9774f8e85373b189d96737c3.mp4
Z9sZjZp23QAgW9i5O9ZsidfT49cd6vj0	23	character	481c55aa395dc3599b72e896.jpg
vs0OFerYjSX2P5XrJ8927YH-dMFooQB3	23	object	e546bf89631997f59169aa56.jpg
GBztfocg71WUWBJDZY1HLESddvouiY6l	23	background	c32ce6e1fabd946f749a2cd5.jpg
\.


--
-- Data for Name: rater; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.rater (id, study_id, code, invite_sha256, key, stage, verified, completion_code, created, finished) FROM stdin;
1	1	R-2KUZ82	a3accb33961289d59223ceb4b8573823d94b7cbe3d93ee4a2124a6f33d5357a8	0d38f2a4c2a73195f0f269843b4be7ec	finished	unknown	PWTNJ6ZS	1796054230.899575	1796054231.6369188
2	1	R-6PTPEQ	1ed67fd5ea80d763ee7bf82956d66ec3ee407bcb6a48328530107d75ae4bc2a9	9bbb3fd5d134bdc1ca714efeb2b5e4df	finished	unknown	ZLAAMKDE	1796054230.919944	1796054232.220279
3	1	R-NGRCLN	1899f2a726ddb9e0c86bfbe652e3f2c1539690bcc4dd581da8bdd2ef25edc52c	aabc26b64023d1b20d88b13a04b8c433	finished	unknown	BMZYLRQU	1796054230.9315243	1796054232.765457
4	1	R-LSNJYJ	bd34be47091d814ba53bd93038cf0b1449af83ad0c6d6e57bbfd533b7590bad2	198ca98f13444efb7c7bc1462cd12ef4	invited	unknown	N5YMDAFB	1796054239.7690947	\N
\.


--
-- Data for Name: rater_session; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.rater_session (id, rater_id, token_sha256, created, last_seen, revoked) FROM stdin;
1	1	2d664f20e0621bb17c9987fce616f171a0aba3dcccc77630c961008185360c73	1796054230.952409	1796054230.952409	f
2	2	7d1afb4eb7e825ffd622ca71ac3abe90589073bee56da0d11c3fa13202233323	1796054231.6537707	1796054231.6537707	f
3	3	5d77800a9735cd3605bbcc2536dacd54818ef5d92e37072bbc0c446dc7f05c86	1796054232.2329185	1796054232.2329185	f
\.


--
-- Data for Name: stimulus; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.stimulus (id, study_id, case_id, system_id, seed, source_sha256, file, seconds) FROM stdin;
1	1	1	1	0	5268314ff3d55b962f28ece3ce4e6494be58ff3a236b3da076dccd15ce5b0655	9095aae161a4051f39e15898.mp4	0.5
2	1	1	2	0	6af236ea718ddcf273bfd03f215c24312e1bc83c1c7c892b5a0e1194e192ee0b	5a909451bbc2110948a0d25d.mp4	0.5
3	1	1	\N	0	6af236ea718ddcf273bfd03f215c24312e1bc83c1c7c892b5a0e1194e192ee0b	190501696dbb07e80d88dd47.mp4	0.5
4	1	1	1	1	62f90b6ed3c7c638ca41b714efe3783a2b9c713279b7b3497cf2185408809443	e64f28326e41bbd558aa0818.mp4	0.5
5	1	1	2	1	cae197dfd14e44253ad9ff8544db260b839a1163f22c30d5f98f69d991f6af29	6754c75b3b78803bea6e9405.mp4	0.5
6	1	1	\N	1	cae197dfd14e44253ad9ff8544db260b839a1163f22c30d5f98f69d991f6af29	fddfac8065067c1090a375e4.mp4	0.5
7	1	2	1	0	5b04ff63b9a78811ec9ea6f4e19ddc4d713dc73770a2b3d9232697fe17fc9d0d	6c7c4b4e162bb90e245f93f9.mp4	0.5
8	1	2	2	0	79cc91339abc8bc6b4f5152a5e652a72c09c2dbcf8c97c3981fc1e996a11f9c9	9774f8e85373b189d96737c3.mp4	0.5
9	1	2	\N	0	79cc91339abc8bc6b4f5152a5e652a72c09c2dbcf8c97c3981fc1e996a11f9c9	e146045d2f8d87632f346929.mp4	0.5
10	1	2	1	1	826ad11a84e4fd1461fce72df529bb585f39069be0698d2c858b10d7f0c48790	975f13ee34913b8b32a6f50f.mp4	0.5
11	1	2	2	1	c3b26888921d9d4172fce3319ff6aaa5ef2b634294411838487b229e2b813595	f0a02fa2f1481cceba84f7ac.mp4	0.5
12	1	2	\N	1	c3b26888921d9d4172fce3319ff6aaa5ef2b634294411838487b229e2b813595	8e083e2546951fc30829e56b.mp4	0.5
\.


--
-- Data for Name: study; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.study (id, name, settings, media, playback_file, playback_answer, salt, status, created) FROM stdin;
1	pairs	{"name": "pairs", "title": "Which video is better?", "protocol": "pairwise", "votes_per_task": 3, "ballots_per_rater": 8, "break_every": 15, "warm_up": 3, "check_every": 4, "informative_share": 0.3, "lease_minutes": 15.0, "min_played": 1.0, "max_undo": 3, "width": 64, "height": 48, "fps": 8, "consent": "You will watch short videos that computer programs made, and say which you find better.\\n\\n- It takes about {minutes} minutes. You may stop at any time, and take it up again later with the same link.\\n- We store your answers, how long they took, and a random code in place of your name. No name, no address, no picture.\\n- Your answers may be published with that code. You may ask for them to be deleted.\\n- The videos may look strange or unpleasant. You may skip any of them.\\n", "seed": 0}	/tmp/a2bench-frozen/studies/media/pairs-363b10f7	5688cd1cfd5089b1ac581e37.mp4	69	275dbbdd5e69feacdea6a973b4854dd5	open	1796054219.0022764
\.


--
-- Data for Name: study_case; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.study_case (id, study_id, "case", prompt) FROM stdin;
1	1	astronaut-latte	An astronaut in an orange flight suit lifts a white cup of latte from a wooden table and takes a slow sip. The camera pushes in gently.
2	1	officer-book-arcade	An elderly naval officer with glasses strolls down a stone arcade with hanging lamps and turns a page of an open book with a leaf between its pages. The camera moves backwards at walking pace.
\.


--
-- Data for Name: study_element; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.study_element (id, case_id, "position", name, role, phrase, file) FROM stdin;
1	1	0	character	character	astronaut in an orange flight suit	becab5f04d524c0bcd602211.jpg
2	1	1	object	object	white cup of latte	496d400efe200910463fd812.jpg
3	2	0	character	character	elderly naval officer with glasses	481c55aa395dc3599b72e896.jpg
4	2	1	object	object	open book with a leaf between its pages	e546bf89631997f59169aa56.jpg
5	2	2	background	background	stone arcade with hanging lamps	c32ce6e1fabd946f749a2cd5.jpg
\.


--
-- Data for Name: study_system; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.study_system (id, study_id, name, revision) FROM stdin;
1	1	collage	1
2	1	noise	1
\.


--
-- Data for Name: task; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.task (id, study_id, case_id, purpose, first_id, second_id, expected, note) FROM stdin;
1	1	1	rating	1	2	\N	
2	1	1	rating	4	5	\N	
3	1	2	rating	7	8	\N	
4	1	2	rating	10	11	\N	
5	1	2	gross	8	9	first	
6	1	2	gross	11	12	first	
7	1	1	gross	2	3	first	
8	1	2	identical	8	8	tie	
9	1	2	identical	11	11	tie	
10	1	1	identical	2	2	tie	
11	1	2	instructed	8	7	left	This screen checks that you read. Whatever you see, please choose “left” for every question.
12	1	2	instructed	11	10	right	This screen checks that you read. Whatever you see, please choose “right” for every question.
13	1	1	instructed	2	1	left	This screen checks that you read. Whatever you see, please choose “left” for every question.
14	1	1	training	5	6	first	One of the two is blurred and stands still. The other one is better, whatever you think of it.
15	1	1	training	6	6	tie	Both videos were the same. When you see no difference, choose the tie.
\.


--
-- Data for Name: vote; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.vote (id, ballot_id, revision, question, answer, seconds, played, at) FROM stdin;
1	1	1	identity:character	tie	8.881891623778188	1	1796054231.08968
2	1	1	identity:object	left	8.881891623778188	1	1796054231.08968
3	1	1	prompt	left	8.881891623778188	1	1796054231.08968
4	1	1	natural	left	8.881891623778188	1	1796054231.08968
5	1	1	motion	left	8.881891623778188	1	1796054231.08968
6	1	1	overall	left	8.881891623778188	1	1796054231.08968
7	2	1	identity:character	tie	32.11241947759381	1	1796054231.165824
8	2	1	identity:object	tie	32.11241947759381	1	1796054231.165824
9	2	1	prompt	tie	32.11241947759381	1	1796054231.165824
10	2	1	natural	tie	32.11241947759381	1	1796054231.165824
11	2	1	motion	tie	32.11241947759381	1	1796054231.165824
12	2	1	overall	tie	32.11241947759381	1	1796054231.165824
13	3	1	identity:character	tie	20.899615566308135	1	1796054231.2565398
14	3	1	identity:object	left	20.899615566308135	1	1796054231.2565398
15	3	1	prompt	right	20.899615566308135	1	1796054231.2565398
16	3	1	natural	left	20.899615566308135	1	1796054231.2565398
17	3	1	motion	left	20.899615566308135	1	1796054231.2565398
18	3	1	overall	left	20.899615566308135	1	1796054231.2565398
19	4	1	identity:character	tie	14.510567701636788	1	1796054231.3176801
20	4	1	identity:object	tie	14.510567701636788	1	1796054231.3176801
21	4	1	identity:background	tie	14.510567701636788	1	1796054231.3176801
22	4	1	prompt	tie	14.510567701636788	1	1796054231.3176801
23	4	1	natural	tie	14.510567701636788	1	1796054231.3176801
24	4	1	motion	tie	14.510567701636788	1	1796054231.3176801
25	4	1	overall	tie	14.510567701636788	1	1796054231.3176801
26	5	1	identity:character	left	31.193278104753077	1	1796054231.3952503
27	5	1	identity:object	right	31.193278104753077	1	1796054231.3952503
28	5	1	prompt	left	31.193278104753077	1	1796054231.3952503
29	5	1	natural	tie	31.193278104753077	1	1796054231.3952503
30	5	1	motion	right	31.193278104753077	1	1796054231.3952503
31	5	1	overall	right	31.193278104753077	1	1796054231.3952503
32	6	1	identity:character	right	32.85385965895354	1	1796054231.4641852
33	6	1	identity:object	left	32.85385965895354	1	1796054231.4641852
34	6	1	identity:background	left	32.85385965895354	1	1796054231.4641852
35	6	1	prompt	right	32.85385965895354	1	1796054231.4641852
36	6	1	natural	tie	32.85385965895354	1	1796054231.4641852
37	6	1	motion	left	32.85385965895354	1	1796054231.4641852
38	6	1	overall	right	32.85385965895354	1	1796054231.4641852
39	7	1	identity:character	tie	35.284250831381016	1	1796054231.5472653
40	7	1	identity:object	right	35.284250831381016	1	1796054231.5472653
41	7	1	identity:background	left	35.284250831381016	1	1796054231.5472653
42	7	1	prompt	tie	35.284250831381016	1	1796054231.5472653
43	7	1	natural	left	35.284250831381016	1	1796054231.5472653
44	7	1	motion	left	35.284250831381016	1	1796054231.5472653
45	7	1	overall	tie	35.284250831381016	1	1796054231.5472653
46	8	1	identity:character	tie	26.97411257933709	1	1796054231.6096594
47	8	1	identity:object	tie	26.97411257933709	1	1796054231.6096594
48	8	1	prompt	tie	26.97411257933709	1	1796054231.6096594
49	8	1	natural	tie	26.97411257933709	1	1796054231.6096594
50	8	1	motion	tie	26.97411257933709	1	1796054231.6096594
51	8	1	overall	tie	26.97411257933709	1	1796054231.6096594
52	9	1	identity:character	left	14.131720288644328	1	1796054231.7311919
53	9	1	identity:object	left	14.131720288644328	1	1796054231.7311919
54	9	1	prompt	left	14.131720288644328	1	1796054231.7311919
55	9	1	natural	left	14.131720288644328	1	1796054231.7311919
56	9	1	motion	left	14.131720288644328	1	1796054231.7311919
57	9	1	overall	left	14.131720288644328	1	1796054231.7311919
58	10	1	identity:character	tie	33.67565315630496	1	1796054231.7928023
59	10	1	identity:object	tie	33.67565315630496	1	1796054231.7928023
60	10	1	prompt	tie	33.67565315630496	1	1796054231.7928023
61	10	1	natural	tie	33.67565315630496	1	1796054231.7928023
62	10	1	motion	tie	33.67565315630496	1	1796054231.7928023
63	10	1	overall	tie	33.67565315630496	1	1796054231.7928023
64	11	1	identity:character	left	8.22693851530132	1	1796054231.8689334
65	11	1	identity:object	left	8.22693851530132	1	1796054231.8689334
66	11	1	identity:background	right	8.22693851530132	1	1796054231.8689334
67	11	1	prompt	right	8.22693851530132	1	1796054231.8689334
68	11	1	natural	right	8.22693851530132	1	1796054231.8689334
69	11	1	motion	tie	8.22693851530132	1	1796054231.8689334
70	11	1	overall	left	8.22693851530132	1	1796054231.8689334
71	12	1	identity:character	right	33.76175466064031	1	1796054231.9336014
72	12	1	identity:object	right	33.76175466064031	1	1796054231.9336014
73	12	1	prompt	right	33.76175466064031	1	1796054231.9336014
74	12	1	natural	tie	33.76175466064031	1	1796054231.9336014
75	12	1	motion	left	33.76175466064031	1	1796054231.9336014
76	12	1	overall	right	33.76175466064031	1	1796054231.9336014
77	13	1	identity:character	tie	38.83746793103907	1	1796054231.9911976
78	13	1	identity:object	tie	38.83746793103907	1	1796054231.9911976
79	13	1	identity:background	tie	38.83746793103907	1	1796054231.9911976
80	13	1	prompt	tie	38.83746793103907	1	1796054231.9911976
81	13	1	natural	tie	38.83746793103907	1	1796054231.9911976
82	13	1	motion	tie	38.83746793103907	1	1796054231.9911976
83	13	1	overall	tie	38.83746793103907	1	1796054231.9911976
84	14	1	identity:character	left	29.550716388894045	1	1796054232.0591285
85	14	1	identity:object	left	29.550716388894045	1	1796054232.0591285
86	14	1	prompt	right	29.550716388894045	1	1796054232.0591285
87	14	1	natural	left	29.550716388894045	1	1796054232.0591285
88	14	1	motion	tie	29.550716388894045	1	1796054232.0591285
89	14	1	overall	left	29.550716388894045	1	1796054232.0591285
90	15	1	identity:character	right	34.60079470926276	1	1796054232.132794
91	15	1	identity:object	right	34.60079470926276	1	1796054232.132794
92	15	1	identity:background	right	34.60079470926276	1	1796054232.132794
93	15	1	prompt	right	34.60079470926276	1	1796054232.132794
94	15	1	natural	left	34.60079470926276	1	1796054232.132794
95	15	1	motion	right	34.60079470926276	1	1796054232.132794
96	15	1	overall	left	34.60079470926276	1	1796054232.132794
97	16	1	identity:character	left	10.006973522264584	1	1796054232.1928945
98	16	1	identity:object	left	10.006973522264584	1	1796054232.1928945
99	16	1	identity:background	left	10.006973522264584	1	1796054232.1928945
100	16	1	prompt	left	10.006973522264584	1	1796054232.1928945
101	16	1	natural	left	10.006973522264584	1	1796054232.1928945
102	16	1	motion	left	10.006973522264584	1	1796054232.1928945
103	16	1	overall	left	10.006973522264584	1	1796054232.1928945
104	17	1	identity:character	right	21.47804205532657	1	1796054232.3079243
105	17	1	identity:object	right	21.47804205532657	1	1796054232.3079243
106	17	1	prompt	right	21.47804205532657	1	1796054232.3079243
107	17	1	natural	right	21.47804205532657	1	1796054232.3079243
108	17	1	motion	left	21.47804205532657	1	1796054232.3079243
109	17	1	overall	right	21.47804205532657	1	1796054232.3079243
110	18	1	identity:character	tie	11.389479574634382	1	1796054232.3636093
111	18	1	identity:object	tie	11.389479574634382	1	1796054232.3636093
112	18	1	prompt	tie	11.389479574634382	1	1796054232.3636093
113	18	1	natural	tie	11.389479574634382	1	1796054232.3636093
114	18	1	motion	tie	11.389479574634382	1	1796054232.3636093
115	18	1	overall	tie	11.389479574634382	1	1796054232.3636093
116	19	1	identity:character	tie	28.228323760005345	1	1796054232.4428928
117	19	1	identity:object	left	28.228323760005345	1	1796054232.4428928
118	19	1	prompt	tie	28.228323760005345	1	1796054232.4428928
119	19	1	natural	tie	28.228323760005345	1	1796054232.4428928
120	19	1	motion	left	28.228323760005345	1	1796054232.4428928
121	19	1	overall	right	28.228323760005345	1	1796054232.4428928
122	20	1	identity:character	right	16.219758951267288	1	1796054232.519173
123	20	1	identity:object	tie	16.219758951267288	1	1796054232.519173
124	20	1	prompt	right	16.219758951267288	1	1796054232.519173
125	20	1	natural	left	16.219758951267288	1	1796054232.519173
126	20	1	motion	right	16.219758951267288	1	1796054232.519173
127	20	1	overall	tie	16.219758951267288	1	1796054232.519173
128	21	1	identity:character	tie	10.342082316510911	1	1796054232.5791488
129	21	1	identity:object	tie	10.342082316510911	1	1796054232.5791488
130	21	1	identity:background	tie	10.342082316510911	1	1796054232.5791488
131	21	1	prompt	tie	10.342082316510911	1	1796054232.5791488
132	21	1	natural	tie	10.342082316510911	1	1796054232.5791488
133	21	1	motion	tie	10.342082316510911	1	1796054232.5791488
134	21	1	overall	tie	10.342082316510911	1	1796054232.5791488
135	22	1	identity:character	left	22.589726817399963	1	1796054232.6431203
136	22	1	identity:object	right	22.589726817399963	1	1796054232.6431203
137	22	1	identity:background	right	22.589726817399963	1	1796054232.6431203
138	22	1	prompt	left	22.589726817399963	1	1796054232.6431203
139	22	1	natural	tie	22.589726817399963	1	1796054232.6431203
140	22	1	motion	tie	22.589726817399963	1	1796054232.6431203
141	22	1	overall	right	22.589726817399963	1	1796054232.6431203
142	23	1	identity:character	tie	14.50372941079669	1	1796054232.731189
143	23	1	identity:object	right	14.50372941079669	1	1796054232.731189
144	23	1	identity:background	right	14.50372941079669	1	1796054232.731189
145	23	1	prompt	left	14.50372941079669	1	1796054232.731189
146	23	1	natural	tie	14.50372941079669	1	1796054232.731189
147	23	1	motion	left	14.50372941079669	1	1796054232.731189
148	23	1	overall	left	14.50372941079669	1	1796054232.731189
\.


--
-- Name: ballot_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.ballot_id_seq', 23, true);


--
-- Name: consent_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.consent_id_seq', 3, true);


--
-- Name: event_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.event_id_seq', 46, true);


--
-- Name: rater_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.rater_id_seq', 4, true);


--
-- Name: rater_session_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.rater_session_id_seq', 3, true);


--
-- Name: stimulus_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.stimulus_id_seq', 12, true);


--
-- Name: study_case_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.study_case_id_seq', 2, true);


--
-- Name: study_element_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.study_element_id_seq', 5, true);


--
-- Name: study_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.study_id_seq', 1, true);


--
-- Name: study_system_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.study_system_id_seq', 2, true);


--
-- Name: task_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.task_id_seq', 15, true);


--
-- Name: vote_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.vote_id_seq', 148, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: ballot ballot_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ballot
    ADD CONSTRAINT ballot_pkey PRIMARY KEY (id);


--
-- Name: ballot ballot_rater_id_number_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ballot
    ADD CONSTRAINT ballot_rater_id_number_key UNIQUE (rater_id, number);


--
-- Name: consent consent_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.consent
    ADD CONSTRAINT consent_pkey PRIMARY KEY (id);


--
-- Name: contact contact_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.contact
    ADD CONSTRAINT contact_pkey PRIMARY KEY (rater_id);


--
-- Name: event event_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (id);


--
-- Name: event event_study_id_number_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_study_id_number_key UNIQUE (study_id, number);


--
-- Name: media_token media_token_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.media_token
    ADD CONSTRAINT media_token_pkey PRIMARY KEY (token);


--
-- Name: rater rater_invite_sha256_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rater
    ADD CONSTRAINT rater_invite_sha256_key UNIQUE (invite_sha256);


--
-- Name: rater rater_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rater
    ADD CONSTRAINT rater_pkey PRIMARY KEY (id);


--
-- Name: rater_session rater_session_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rater_session
    ADD CONSTRAINT rater_session_pkey PRIMARY KEY (id);


--
-- Name: rater_session rater_session_token_sha256_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rater_session
    ADD CONSTRAINT rater_session_token_sha256_key UNIQUE (token_sha256);


--
-- Name: rater rater_study_id_code_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rater
    ADD CONSTRAINT rater_study_id_code_key UNIQUE (study_id, code);


--
-- Name: stimulus stimulus_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.stimulus
    ADD CONSTRAINT stimulus_pkey PRIMARY KEY (id);


--
-- Name: study_case study_case_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_case
    ADD CONSTRAINT study_case_pkey PRIMARY KEY (id);


--
-- Name: study_case study_case_study_id_case_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_case
    ADD CONSTRAINT study_case_study_id_case_key UNIQUE (study_id, "case");


--
-- Name: study_element study_element_case_id_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_element
    ADD CONSTRAINT study_element_case_id_name_key UNIQUE (case_id, name);


--
-- Name: study_element study_element_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_element
    ADD CONSTRAINT study_element_pkey PRIMARY KEY (id);


--
-- Name: study study_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study
    ADD CONSTRAINT study_name_key UNIQUE (name);


--
-- Name: study study_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study
    ADD CONSTRAINT study_pkey PRIMARY KEY (id);


--
-- Name: study_system study_system_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_system
    ADD CONSTRAINT study_system_pkey PRIMARY KEY (id);


--
-- Name: study_system study_system_study_id_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_system
    ADD CONSTRAINT study_system_study_id_name_key UNIQUE (study_id, name);


--
-- Name: task task_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_pkey PRIMARY KEY (id);


--
-- Name: task task_study_id_purpose_first_id_second_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_study_id_purpose_first_id_second_id_key UNIQUE (study_id, purpose, first_id, second_id);


--
-- Name: vote vote_ballot_id_revision_question_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.vote
    ADD CONSTRAINT vote_ballot_id_revision_question_key UNIQUE (ballot_id, revision, question);


--
-- Name: vote vote_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.vote
    ADD CONSTRAINT vote_pkey PRIMARY KEY (id);


--
-- Name: ix_ballot_study_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_ballot_study_id ON public.ballot USING btree (study_id);


--
-- Name: ix_ballot_task_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_ballot_task_id ON public.ballot USING btree (task_id);


--
-- Name: ix_consent_rater_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_consent_rater_id ON public.consent USING btree (rater_id);


--
-- Name: ix_media_token_ballot_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_media_token_ballot_id ON public.media_token USING btree (ballot_id);


--
-- Name: ix_rater_session_rater_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_rater_session_rater_id ON public.rater_session USING btree (rater_id);


--
-- Name: ix_rater_study_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_rater_study_id ON public.rater USING btree (study_id);


--
-- Name: ix_stimulus_study_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_stimulus_study_id ON public.stimulus USING btree (study_id);


--
-- Name: ix_study_element_case_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_study_element_case_id ON public.study_element USING btree (case_id);


--
-- Name: ix_task_study_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_task_study_id ON public.task USING btree (study_id);


--
-- Name: one_ballot_per_rater_and_task; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX one_ballot_per_rater_and_task ON public.ballot USING btree (rater_id, task_id) WHERE (((state)::text <> 'expired'::text) AND ((purpose)::text <> 'swap'::text));


--
-- Name: one_open_ballot_per_rater; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX one_open_ballot_per_rater ON public.ballot USING btree (rater_id) WHERE ((state)::text = 'open'::text);


--
-- Name: ballot ballot_rater_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ballot
    ADD CONSTRAINT ballot_rater_id_fkey FOREIGN KEY (rater_id) REFERENCES public.rater(id);


--
-- Name: ballot ballot_study_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ballot
    ADD CONSTRAINT ballot_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.study(id);


--
-- Name: ballot ballot_task_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ballot
    ADD CONSTRAINT ballot_task_id_fkey FOREIGN KEY (task_id) REFERENCES public.task(id);


--
-- Name: consent consent_rater_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.consent
    ADD CONSTRAINT consent_rater_id_fkey FOREIGN KEY (rater_id) REFERENCES public.rater(id);


--
-- Name: contact contact_rater_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.contact
    ADD CONSTRAINT contact_rater_id_fkey FOREIGN KEY (rater_id) REFERENCES public.rater(id);


--
-- Name: event event_study_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.study(id);


--
-- Name: media_token media_token_ballot_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.media_token
    ADD CONSTRAINT media_token_ballot_id_fkey FOREIGN KEY (ballot_id) REFERENCES public.ballot(id);


--
-- Name: rater_session rater_session_rater_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rater_session
    ADD CONSTRAINT rater_session_rater_id_fkey FOREIGN KEY (rater_id) REFERENCES public.rater(id);


--
-- Name: rater rater_study_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rater
    ADD CONSTRAINT rater_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.study(id);


--
-- Name: stimulus stimulus_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.stimulus
    ADD CONSTRAINT stimulus_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.study_case(id);


--
-- Name: stimulus stimulus_study_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.stimulus
    ADD CONSTRAINT stimulus_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.study(id);


--
-- Name: stimulus stimulus_system_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.stimulus
    ADD CONSTRAINT stimulus_system_id_fkey FOREIGN KEY (system_id) REFERENCES public.study_system(id);


--
-- Name: study_case study_case_study_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_case
    ADD CONSTRAINT study_case_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.study(id);


--
-- Name: study_element study_element_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_element
    ADD CONSTRAINT study_element_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.study_case(id);


--
-- Name: study_system study_system_study_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.study_system
    ADD CONSTRAINT study_system_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.study(id);


--
-- Name: task task_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.study_case(id);


--
-- Name: task task_first_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_first_id_fkey FOREIGN KEY (first_id) REFERENCES public.stimulus(id);


--
-- Name: task task_second_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_second_id_fkey FOREIGN KEY (second_id) REFERENCES public.stimulus(id);


--
-- Name: task task_study_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.study(id);


--
-- Name: vote vote_ballot_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.vote
    ADD CONSTRAINT vote_ballot_id_fkey FOREIGN KEY (ballot_id) REFERENCES public.ballot(id);


--
-- PostgreSQL database dump complete
--

\unrestrict tN5b4VxP4y28ZuMocgYnCwuEB79qFUIJz3uToayUQHYudqw66uDTmZfsax8G36W

